"""How the pages write quantities and money."""
