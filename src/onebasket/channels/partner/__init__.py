"""How partners reach us: what they push, at /partner/<code>/push."""
