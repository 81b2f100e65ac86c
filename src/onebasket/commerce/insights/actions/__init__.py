"""State changes that reach over several modules."""
