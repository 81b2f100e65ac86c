"""What a forked process finds loaded: the server of `tests/forking.py` imports this module once."""

import os
from importlib import import_module

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()
import_module("onebasket.project.command").build()
for name in ("tests.builders", "tests.dropshipping", "tests.sandboxing", "tests.searching"):
    import_module(name)
