"""The partners' only row locks."""
