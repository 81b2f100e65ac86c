"""A contract for import-linter: some rooms of a module are private to it.

import-linter's own contracts name modules one by one; this one holds for every module of the house, also for those
that are yet to be made.
"""

from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class PrivateRoomsContract(Contract):
    """Only a module itself imports its private rooms; `readers_of_models` may import the models beside it."""

    container = fields.StringField()
    rooms = fields.ListField(subfield=fields.StringField())
    readers_of_models = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 (the interface)
        readers = tuple(cast("list[str] | None", self.readers_of_models) or ())
        trespasses = []
        for owner in sorted(graph.find_children(cast("str", self.container))):
            for room in cast("list[str]", self.rooms):
                allowed = (owner, *readers) if room == "models" else (owner,)
                trespasses += _trespasses(graph, f"{owner}.{room}", allowed=allowed)
        return ContractCheck(kept=not trespasses, metadata={"trespasses": trespasses})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported in check.metadata["trespasses"]:
            output.print_error(f"- {importer} imports {imported}", bold=False)
        output.new_line()


def _trespasses(graph: ImportGraph, room: str, *, allowed: tuple[str, ...]) -> list[tuple[str, str]]:
    if room not in graph.modules:
        return []
    return [
        (importer, imported)
        for imported in sorted({room, *graph.find_descendants(room)})
        for importer in sorted(graph.find_modules_that_directly_import(imported))
        if not any(importer == name or importer.startswith(f"{name}.") for name in allowed)
    ]
