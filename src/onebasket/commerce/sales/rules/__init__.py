"""What a receipt is and when it ties: decisions over frozen values."""
