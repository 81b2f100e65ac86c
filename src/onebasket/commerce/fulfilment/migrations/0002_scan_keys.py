"""The keys of the last scans of a line take the place of the last one's alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fulfilment", "0001_initial")]

    operations = [
        migrations.RenameField(model_name="pickscan", old_name="last_key", new_name="keys"),
        migrations.AlterField(model_name="pickscan", name="keys", field=models.CharField(blank=True, max_length=500)),
    ]
