"""What it costs: the price book, and what a basket comes to."""
