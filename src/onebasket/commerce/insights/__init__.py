"""One view of a person over all channels and modules: what they bought, what is kept about them, and its end."""
