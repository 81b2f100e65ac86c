"""What an entry is and which entries follow from facts: decisions over frozen values."""
