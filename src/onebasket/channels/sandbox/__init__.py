"""A sandbox partner: a marketplace's open platform as a process of its own with books of its own, for trials and tests."""
