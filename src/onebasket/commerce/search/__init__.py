"""What a shopper finds: products by words, sizes and codes, with what is here and what sells here."""
