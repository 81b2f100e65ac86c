"""Partners: agreements, their offers, referrals to them, orders that they serve, and the commission that is due."""
