"""Own products and partners' offers that are the same thing."""
