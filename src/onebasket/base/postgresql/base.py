"""Django's engine, with pooled connections looked at before they are given out, and not asked."""

import select
from typing import Any

from django.db.backends.postgresql import base


def is_alive(link: Any) -> bool:  # noqa: ANN401 - psycopg's connection
    """Whether a connection that nobody uses is good: a server that ends one says so, or hangs up, and both can be read.

    Asking the server costs a wait for each request, a third of what reading and pricing a basket costs.
    """
    if link.closed:
        return False
    poll = select.poll()
    poll.register(link.fileno(), select.POLLIN)
    return not poll.poll(0)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection of Django's, from its pool."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:  # noqa: ANN401 - psycopg's connection
        """Return a connection: of the pool's, one that is alive. The pool replaces those that are not."""
        while True:
            link = super().get_new_connection(conn_params)
            pool: Any = self.pool  # type: ignore[attr-defined] # missing in the stubs
            if pool is None or is_alive(link):
                return link
            link.close()
            pool.putconn(link)
