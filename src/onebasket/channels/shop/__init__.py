"""The web shop: pages of the whole chain, served from one store at a time; they work without JavaScript."""
