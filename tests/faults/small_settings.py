"""Settings of a hub whose SQLite file may not grow beyond so many pages: every connection is told so."""

import os

from onebasket.project.settings import *  # noqa: F403
from onebasket.project.settings import DATABASES

_options = DATABASES["default"]["OPTIONS"]
assert isinstance(_options, dict)
_options["init_command"] += f"; PRAGMA max_page_count = {int(os.environ['ONEBASKET_TEST_PAGES'])}"
