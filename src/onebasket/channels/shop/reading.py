"""What was typed or sent, made safe to look for: as every channel of pages reads it."""

from onebasket.base.typed import LONGEST, MOST_DIGITS, OddFormError, number_of, text_of

__all__ = ["LONGEST", "MOST_DIGITS", "OddFormError", "number_of", "text_of"]
