"""The shop's pages, one module for each part of the way from the door to the receipt."""
