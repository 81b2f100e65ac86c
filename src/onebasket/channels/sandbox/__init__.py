"""A sandbox partner: a marketplace's open platform as a process with books of its own, for trials and tests."""
