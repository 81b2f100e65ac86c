"""The kiosk: an endless aisle for shoppers who stand in a store."""
