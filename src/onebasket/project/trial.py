"""What commands that need no installation set before the settings are read: `demo` makes its own, `bench` has none."""

import os
import secrets
from collections.abc import MutableMapping, Sequence
from tempfile import gettempdir

HOME_OPTION = "--home"


def prepare_trial(arguments: Sequence[str], environment: MutableMapping[str, str] = os.environ) -> None:
    """Write into the environment what the command line (without the program's name) implies.

    `demo`: its mode, and the folder that --home names. `bench`: the same mode, and a key and a folder
    that are there, so that none is made.
    """
    command = arguments[0] if arguments else ""
    if command not in {"demo", "bench"}:
        return
    environment.setdefault("ONEBASKET_ENV", "demo")
    if command == "bench":
        environment.setdefault("ONEBASKET_SECRET_KEY", secrets.token_urlsafe(64))
        environment["ONEBASKET_HOME"] = gettempdir()
        return
    for position, argument in enumerate(arguments):
        if argument == HOME_OPTION and position + 1 < len(arguments):
            environment["ONEBASKET_HOME"] = arguments[position + 1]
        elif argument.startswith(f"{HOME_OPTION}="):
            environment["ONEBASKET_HOME"] = argument.partition("=")[2]
