"""How a hub keeps its machine's search index: by a process of its own, so that neither orders nor pages wait for it."""

from onebasket.project.kept import Kept


class Indexing(Kept):
    """The indexer's process, for as long as the block runs."""

    def __init__(self) -> None:
        """Keep nothing: where the index lies is settled by the settings."""
        super().__init__("indexer", "onebasket.project.indexer")
