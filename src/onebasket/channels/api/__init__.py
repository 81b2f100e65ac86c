"""The REST API, events, health and metrics."""
