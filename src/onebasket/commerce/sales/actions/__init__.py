"""What changes sales: receipts booked, line exceptions mended or dismissed, quarantined receipts replayed."""

from onebasket.commerce.sales.actions.booking import book_sales
from onebasket.commerce.sales.actions.exceptions import SettledBeforeError, dismiss_line, mend_line

__all__ = ["SettledBeforeError", "book_sales", "dismiss_line", "mend_line"]
