"""Parts that were sold before they kept the terms of their return: those of their agreement as it stands."""

from typing import Any

from django.db import migrations


def copy_terms(apps: Any, _: object) -> None:  # noqa: ANN401 - the models of that time
    parts = apps.get_model("partners", "PartnerPart").objects
    for agreement in apps.get_model("partners", "Agreement").objects.iterator():
        parts.filter(agreement_id=agreement.pk).update(
            return_days=agreement.return_days, counter_returns=agreement.counter_returns
        )


class Migration(migrations.Migration):
    dependencies = [("partners", "0003_part_return_terms")]

    operations = [migrations.RunPython(copy_terms, migrations.RunPython.noop)]
