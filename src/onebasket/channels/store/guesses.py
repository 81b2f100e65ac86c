"""How often somebody may show a code that opens nothing: guessing does not pay, mistyping does not hurt."""

from onebasket.commerce.access.actions.signing_in import SignInTries

GUESSES = SignInTries()
"""This process's own, by who asks."""
