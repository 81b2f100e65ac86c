"""A simulated card provider, as a process of its own with books of its own: for trials, the demo and the tests."""
