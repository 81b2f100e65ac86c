"""Plumbing with no business in it: group commit, inbox, quarantine, outbox, bulk writes, audit trail."""
