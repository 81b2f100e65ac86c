"""How the kiosk's templates write figures, pictures and addresses."""
