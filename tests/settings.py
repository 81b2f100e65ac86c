"""Settings of the suite: onebasket's own, in test mode, on the database that tests/database.py started."""

import os
from typing import Any

os.environ["ONEBASKET_ENV"] = "test"
os.environ.setdefault("ONEBASKET_LOG_LEVEL", "WARNING")

from onebasket.project.settings import *  # noqa: F403
from onebasket.project.settings import DATABASES

# Argon2 that costs a thousandth: what it costs is for those who guess.
PASSWORD_HASHERS = ["tests.hashing.CheapArgon2"]
# The suite runs where DATABASE_URL says; each worker of pytest-xdist has a database beside it.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A real file: threads and processes race on it, which memory would hide.
    DATABASES["default"]["TEST"] = {"NAME": DATABASES["default"]["NAME"]}
    # No test cuts the machine's power; processes that tests start have the settings of a real hub.
    OPTIONS: Any = DATABASES["default"]["OPTIONS"]
    OPTIONS["init_command"] += "; PRAGMA synchronous=OFF"
else:
    DATABASES["default"]["TEST"] = {"NAME": "onebasket_test"}
