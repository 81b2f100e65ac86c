"""What the committer decides: the hot actions of all modules, in one table."""
