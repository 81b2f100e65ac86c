"""The project: settings, addresses, the server's entry and the `onebasket` command; the only place that knows all."""
