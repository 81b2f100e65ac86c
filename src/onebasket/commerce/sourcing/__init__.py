"""Which place serves an order, and why."""
