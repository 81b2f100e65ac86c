"""Template tags of the pulse."""
