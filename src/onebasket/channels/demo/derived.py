"""What the load derives and the demo's processes read: the chain, and what shoppers want."""

from pathlib import Path

from onebasket.channels.demo import chain as chain_module
from onebasket.channels.demo import journey, naming, popularity, receipts, slices, stock
from onebasket.channels.demo.chain import Chain, derive_chain
from onebasket.channels.demo.keeping import DemoError, read_kept
from onebasket.channels.demo.popularity import Popularity
from onebasket.kernel.identity import fingerprint


def derived_file(folder: Path, stores: int, shape: type) -> Path:
    """Return the file of something derived; its name changes with the code that derives it."""
    modules = (chain_module, journey, naming, popularity, receipts, slices, stock)
    code = fingerprint([Path(str(module.__file__)).read_text(encoding="utf-8") for module in modules])[:12]
    return folder / f"{shape.__name__.lower()}-{stores or 'all'}-{code}.msgpack"


def read_chain(folder: Path, stores: int) -> Chain:
    """Return the chain as the load derived it; derived anew where the file is gone."""
    kept = read_kept(derived_file(folder, stores, Chain), Chain)
    return kept or derive_chain(slices.ChainSlice(stores=stores))


def read_popularity(folder: Path, stores: int) -> Popularity:
    """Return what shoppers want, as the load derived it.

    Raises:
        DemoError: the file is gone.
    """
    found = read_kept(derived_file(folder, stores, Popularity), Popularity)
    if found is None:
        raise DemoError(f"{folder} lacks what the load derived: start onebasket demo again.")
    return found
