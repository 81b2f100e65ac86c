from django.db import migrations

from onebasket.base.storage import leave_room


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_list_amounts")]

    operations = [leave_room("orders_basket", percent=50)]
