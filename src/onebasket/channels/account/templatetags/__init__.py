"""What the templates of accounts load."""
