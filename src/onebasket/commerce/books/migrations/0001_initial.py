import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("places", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="PointsAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("loyalty_number", models.CharField(max_length=64, unique=True)),
                ("available", models.BigIntegerField(default=0)),
                ("pending", models.BigIntegerField(default=0)),
                ("version", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="EarningRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("currency", models.CharField(max_length=3)),
                ("valid_from", models.DateField()),
                ("points", models.IntegerField()),
                ("per_amount", models.BigIntegerField()),
                ("excluded", models.JSONField(blank=True, default=list)),
                ("worth_points", models.IntegerField(default=0)),
                ("worth_amount", models.BigIntegerField(default=0)),
                ("set_at", models.DateTimeField()),
                ("set_by", models.CharField(max_length=150)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("currency", "valid_from"), name="earningrule_day"),
                    models.CheckConstraint(
                        condition=models.Q(("per_amount__gt", 0), ("points__gte", 0)), name="earningrule_rate"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("worth_amount__gte", 0), ("worth_points__gte", 0)), name="earningrule_worth"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fact", models.CharField(max_length=80)),
                ("kind", models.CharField(max_length=32)),
                ("version", models.IntegerField(default=1)),
                ("reverses", models.BigIntegerField(blank=True, null=True)),
                ("business_day", models.DateField()),
                ("occurred_at", models.DateTimeField()),
                ("booked_at", models.DateTimeField()),
                (
                    "place",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="places.place",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "entries",
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line", models.IntegerField()),
                ("business_day", models.DateField()),
                (
                    "account",
                    models.SmallIntegerField(
                        choices=[
                            (1000, "Takings"),
                            (1200, "Invoiced"),
                            (1300, "Owed by manufacturers"),
                            (1310, "Owed by partners"),
                            (1400, "Due on orders"),
                            (1900, "Suspense"),
                            (2000, "Tax payable"),
                            (2100, "Gift cards"),
                            (2110, "Store credit"),
                            (4000, "Sales at tills"),
                            (4010, "Sales of orders"),
                            (4100, "Discounts"),
                            (5000, "Rounding"),
                            (5100, "Points paid with"),
                            (5200, "Goodwill"),
                            (9000, "Points granted"),
                            (9100, "Points available"),
                            (9110, "Points pending"),
                            (9200, "Points spent"),
                            (9300, "Points expired"),
                        ]
                    ),
                ),
                ("part", models.CharField(blank=True, max_length=80)),
                ("unit", models.CharField(max_length=6)),
                ("amount", models.BigIntegerField()),
                (
                    "entry",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="books.entry",
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="places.place",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["place", "business_day"], name="entry_day"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["fact"], name="entry_fact"),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(fields=("place", "fact", "kind", "version"), name="entry_once"),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(fields=["place", "business_day", "account", "unit", "amount"], name="posting_day"),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(fields=["account", "id"], name="posting_account"),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                condition=models.Q(("account__in", [1200, 1400, 2100, 2110, 9100, 9110])),
                fields=["part", "id"],
                name="posting_part",
            ),
        ),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.UniqueConstraint(fields=("place", "entry", "line"), name="posting_line"),
        ),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.CheckConstraint(condition=models.Q(("amount", 0), _negated=True), name="posting_amount"),
        ),
    ]
