"""How many odd entries of a file did not say which offer they are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("partners", "0004_parts_sold_before")]

    operations = [
        migrations.AddField(
            model_name="offerimport",
            name="nameless",
            field=models.BigIntegerField(default=0),
        ),
    ]
