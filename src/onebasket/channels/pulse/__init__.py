"""The front door and the chain's pulse: what is selling, promised and at odds, now."""
