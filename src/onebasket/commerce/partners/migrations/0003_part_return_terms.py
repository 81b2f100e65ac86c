from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0002_parts_due_since"),
    ]

    operations = [
        migrations.AddField(
            model_name="partnerpart",
            name="counter_returns",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="partnerpart",
            name="return_days",
            field=models.IntegerField(default=30),
        ),
    ]
