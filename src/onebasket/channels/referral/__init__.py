"""`/go/`: a shopper follows a link to a partner's page, is written down as a referral, and never waits for it."""
