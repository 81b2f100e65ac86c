"""What is paid for orders, how, and given back: payments by tender, refunds, gift cards and store credit."""
