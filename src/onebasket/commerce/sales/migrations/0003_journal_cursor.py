from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0002_what_moved"),
    ]

    operations = [
        migrations.CreateModel(
            name="JournalCursor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.BigIntegerField(default=0)),
                ("swept", models.BigIntegerField(default=0)),
                ("sweep_to", models.BigIntegerField(default=0)),
            ],
        ),
    ]
