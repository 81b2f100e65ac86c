"""Pictures of goods: the data has none, so every tile is drawn here from a few plain shapes."""
