"""What it costs: the versioned price book."""
