from django.db import migrations

from onebasket.base.storage import leave_room


class Migration(migrations.Migration):
    dependencies = [("base", "0003_delivery_dead")]

    operations = [leave_room("base_inboxentry", percent=60)]
