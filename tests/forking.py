"""Processes that tests start by the dozen: forked from one that has loaded Django and the product once.

A process that begins with Python itself takes most of a second of a processor to load all that; one that is forked
begins in milliseconds. Otherwise it is the same: a module run as `python -m` runs it, in an environment of its own, and
killed as any other process.
"""

import importlib
import multiprocessing
import os
import runpy
import signal
import sys
import warnings
from collections.abc import Mapping
from multiprocessing.connection import Connection

import django
from django.conf import settings
from django.db import connections
from django.utils.functional import empty

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.forking_loaded"])


class Forked:
    """A process of our own, much as `subprocess.Popen` shows one whose standard output is read as text."""

    def __init__(self, module: str, *arguments: str, env: Mapping[str, str]) -> None:
        heard, told = _SERVER.Pipe(duplex=False)
        self._process = _SERVER.Process(target=_live, args=(told, module, arguments, dict(env)))
        self._process.start()
        told.close()
        self.stdout = os.fdopen(os.dup(heard.fileno()), encoding="utf-8")
        heard.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """What it ended with, below zero where a signal ended it; None while it runs."""
        return self._process.exitcode

    def kill(self) -> None:
        """Kill it outright."""
        self._process.kill()

    def communicate(self, timeout: float | None = None) -> tuple[str, None]:
        """Wait until it has ended, and return what it said."""
        said = self.stdout.read()
        self._process.join(timeout)
        assert self.returncode is not None, f"still there after {timeout} s"
        self.stdout.close()
        return said, None


def run(module: str, *arguments: str, env: Mapping[str, str], timeout: float = 60) -> str:
    """Run a module in a process of its own, and return what it said; it has to end well."""
    process = Forked(module, *arguments, env=env)
    said, _ = process.communicate(timeout)
    assert process.returncode == 0, said
    return said


def _live(told: Connection, module: str, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    """Be `python -m module arguments` in the environment: in the child."""
    os.dup2(told.fileno(), sys.__stdout__.fileno())  # type: ignore[union-attr]
    told.close()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [module, *arguments]
    _read_settings_again()
    warnings.filterwarnings("ignore", category=RuntimeWarning, module="runpy")  # that the module is loaded already
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        connections.close_all()  # as a process does that ends with Python itself: SQLite's file is whole then


def _read_settings_again() -> None:
    """Take the settings from this process's environment, as one does that begins with Python itself."""
    name = os.environ["DJANGO_SETTINGS_MODULE"]
    for known in ("onebasket.project.settings", name):
        if known in sys.modules:
            importlib.reload(sys.modules[known])
    settings._wrapped = empty
    for one in connections.all(initialized_only=True):
        del connections[one.alias]
    connections._settings = None  # type: ignore[attr-defined] # the stubs lack it
    vars(connections).pop("settings", None)
    django.setup()
