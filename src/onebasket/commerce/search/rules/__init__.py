"""Decisions of search: how text is read, what means the same, what counts for how much."""
