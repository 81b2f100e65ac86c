"""The one loader of optional extras: the only module that imports late.

Everything else imports at its top, so that a missing package is found at the start and not at the first sale. What an
extra brings (the demo's data reader, say) may be absent, and its absence has to be told in one sentence.
"""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType


class MissingExtraError(RuntimeError):
    """A command needs an extra that is not installed. The message says how to install it."""

    def __init__(self, package: str, *, extra: str) -> None:
        super().__init__(f"{package} is not installed. Install it with: pip install 'onebasket[{extra}]'")
        self.package = package
        self.extra = extra


def load_extra(package: str, *, extra: str) -> ModuleType:
    """Import a package that belongs to an extra.

    Raises:
        MissingExtraError: the extra is not installed.
    """
    if find_spec(package.partition(".")[0]) is None:
        raise MissingExtraError(package, extra=extra)
    return import_module(package)
