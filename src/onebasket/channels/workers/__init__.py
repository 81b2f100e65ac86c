"""What runs beside requests: the relay, webhooks, expiry."""
