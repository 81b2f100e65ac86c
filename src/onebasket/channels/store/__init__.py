"""The associate's pages: pick, hand over, take back."""
