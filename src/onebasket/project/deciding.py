"""How a hub keeps its committer: a process of its own, started again should it end."""

from pathlib import Path

from onebasket.project.kept import Kept


class Deciding(Kept):
    """The committer's process, for as long as the block runs."""

    def __init__(self, path: Path) -> None:
        """Keep the path of the socket that it listens at."""
        super().__init__("committer", "onebasket.project.committer", [str(path)])
        self._path = path

    def clear(self) -> None:
        """Remove the socket that a killed committer has left."""
        self._path.unlink(missing_ok=True)
