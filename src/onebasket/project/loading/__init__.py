"""Loading files: receipts and the API's items, in batches, once each however often they are loaded."""
