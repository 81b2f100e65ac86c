from django.db import migrations

from onebasket.base.storage import leave_room


class Migration(migrations.Migration):
    dependencies = [("stock", "0002_ledger_by_time")]

    operations = [leave_room("stock_shelf", percent=50)]
