"""Decisions about payments over frozen values: no database, clock or settings."""

from onebasket.commerce.payments.rules.life import Method as Method
