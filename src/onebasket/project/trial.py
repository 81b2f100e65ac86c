"""What `onebasket demo` sets before the settings are read: its mode, and the folder that --home names."""

import os
from collections.abc import MutableMapping, Sequence

HOME_OPTION = "--home"


def prepare_trial(arguments: Sequence[str], environment: MutableMapping[str, str] = os.environ) -> None:
    """Write into the environment what the demo's command line (without the program's name) implies."""
    if not arguments or arguments[0] != "demo":
        return
    environment.setdefault("ONEBASKET_ENV", "demo")
    for position, argument in enumerate(arguments):
        if argument == HOME_OPTION and position + 1 < len(arguments):
            environment["ONEBASKET_HOME"] = arguments[position + 1]
        elif argument.startswith(f"{HOME_OPTION}="):
            environment["ONEBASKET_HOME"] = argument.partition("=")[2]
