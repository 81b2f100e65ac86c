"""Money, quantity, identifiers, clock: values that know no database and no framework."""
