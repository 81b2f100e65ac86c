"""The kiosk's pages, one module for each part of the way from the first touch to the receipt."""
