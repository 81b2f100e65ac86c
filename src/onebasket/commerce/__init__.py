"""What the business is. A module imports only those below it; see ARCHITECTURE.md for the order."""
