"""What the shop's templates write."""
