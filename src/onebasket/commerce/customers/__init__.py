"""Who buys: known by loyalty number."""
