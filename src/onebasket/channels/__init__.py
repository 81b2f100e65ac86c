"""How the outside reaches us: no rules; one action a request."""
