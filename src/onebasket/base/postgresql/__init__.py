"""Django's engine for PostgreSQL, as settings name it."""
