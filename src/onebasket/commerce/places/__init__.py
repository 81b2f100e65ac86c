"""Where stock is or an order is served."""
