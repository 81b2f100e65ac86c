"""Django's registration of the module."""

from django.apps import AppConfig


class BooksConfig(AppConfig):
    """The double-entry journal, and the points of customers."""

    name = "onebasket.commerce.books"
    label = "books"
    default_auto_field = "django.db.models.BigAutoField"
