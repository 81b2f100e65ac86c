"""Users, roles, tokens and enrolled sources."""
