"""Orders placed before there were reductions and taxes: a line's list amount is what its promise came to."""

from typing import Any

from django.db import migrations

BATCH = 10_000


def state_amounts(_: object, schema_editor: Any) -> None:  # noqa: ANN401 - of either database
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(MAX(id), 0) FROM orders_orderline")
        (last,) = cursor.fetchone()
        for first in range(0, last + 1, BATCH):
            cursor.execute(
                "UPDATE orders_orderline SET list_amount = (2 * unit_amount * promised + per_quantity) "
                "/ (2 * per_quantity) WHERE id >= %s AND id < %s",
                [first, first + BATCH],
            )
        cursor.execute(
            "UPDATE orders_order SET list_total = (SELECT COALESCE(SUM(l.list_amount), 0) "
            "FROM orders_orderline l WHERE l.order_id = orders_order.id)"
        )


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_baskets_and_terms")]

    operations = [migrations.RunPython(state_amounts, migrations.RunPython.noop)]
