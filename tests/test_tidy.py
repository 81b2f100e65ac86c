"""Style that fails the build: sizes, shapes, names, and that the documents name everything there is."""

import ast
import math
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import grimp
import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from onebasket.project.command import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "onebasket"

LONGEST_FILE, LONGEST_TEST_FILE, USUAL_FILE = 400, 600, 300
LONGEST_FUNCTION, USUAL_FUNCTION = 60, 40
MOST_BY_PLACE = 4
MOST_PARAMETERS = 6
FORBIDDEN_NAMES = {"utils", "helpers", "manager", "common", "misc", "service"}
ROOMS = {"rules", "models", "locking", "queries", "actions", "gateways"}
BESIDE_THE_ROOMS = {"__init__", "apps", "migrations"}
LATE_IMPORTS = {SOURCE / "project" / "loader.py"}

FOREIGN = re.compile(
    r"""(?mx)
    (?<![\w.])/(?:home|Users|work|root|mnt)/\w  # someone's machine
    | files\.pythonhosted\.
    | \bpypi\.(?:org|python)
    | ^--(?:extra-)?index-url
    | ^--(?:find-links|trusted-host)
    | \bregistry\.npmjs\.
    | \b(?:unpkg|jsdelivr|cdnjs)\.
    """
)
"""Paths of a machine and hosts of packages: neither belongs into the repository."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that is, or with the next commit may be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 (git as the user has it)
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return tuple(sorted(ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()))


@cache
def python_files() -> tuple[Path, ...]:
    """What people write and read: migrations are written by Django."""
    return tuple(path for path in tracked() if path.suffix == ".py" and "migrations" not in path.parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def is_source(path: Path) -> bool:
    return path.is_relative_to(SOURCE)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(paths: tuple[Path, ...]) -> Iterator[tuple[str, Function]]:
    for path in paths:
        for node in ast.walk(tree(path)):
            if isinstance(node, Function):
                yield f"{name_of(path)}:{node.lineno} {node.name}", node


def length(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def p95(sizes: list[int]) -> int:
    return sorted(sizes)[math.ceil(len(sizes) * 0.95) - 1]


def documents() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").rglob("*.md")))


def test_files_are_short() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    too_long = {
        name_of(path): count
        for path, count in lines.items()
        if count > (LONGEST_FILE if is_source(path) else LONGEST_TEST_FILE)
    }
    assert too_long == {}
    assert p95([count for path, count in lines.items() if is_source(path)]) <= USUAL_FILE


def test_functions_are_short() -> None:
    source = tuple(path for path in python_files() if is_source(path))
    lengths = {where: length(node) for where, node in functions(python_files())}
    assert {where: count for where, count in lengths.items() if count > LONGEST_FUNCTION} == {}
    assert p95([length(node) for _, node in functions(source)]) <= USUAL_FUNCTION


def test_parameters_are_few_and_named() -> None:
    """At most six, public ones by name past the fourth (`self` and `cls` apart)."""
    many, by_place = [], []
    for where, node in functions(tuple(path for path in python_files() if is_source(path))):
        if node.decorator_list or is_command(where) or overrides(node):
            continue
        placed = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
        placed = placed[1:] if placed and placed[0] in {"self", "cls"} else placed
        if len(placed) + len(node.args.kwonlyargs) > MOST_PARAMETERS:
            many.append(where)
        if (
            len(placed) > MOST_BY_PLACE
            and not node.name.startswith("_")
            and node.name != "__init__"
            and not is_view(placed)
        ):
            by_place.append(where)
    assert many == []
    assert by_place == []


def is_command(where: str) -> bool:
    """A command's parameters are its options: typer reads them."""
    return "/project/command/" in where and where.endswith(" run")


def is_view(placed: list[str]) -> bool:
    return placed[0] in {"request", "_request"}


def overrides(node: Function) -> bool:
    """Signatures that a language or framework sets."""
    return node.name.startswith("__") and node.name != "__init__"


def test_imports_stand_at_the_top() -> None:
    late = [
        f"{where} imports in line {inner.lineno}"
        for path in python_files()
        if path not in LATE_IMPORTS
        for where, node in functions((path,))
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert late == []


def test_imports_make_no_cycle() -> None:
    """Between modules, not only between packages: a cycle cannot be read from either end."""
    graph = grimp.build_graph("onebasket", cache_dir=None)
    left = {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}
    while leaves := {module for module, imported in left.items() if not imported & left.keys()}:
        left = {module: imported for module, imported in left.items() if module not in leaves}
    # What only imports a cycle is not in it.
    while roots := left.keys() - {name for imported in left.values() for name in imported}:
        left = {module: imported for module, imported in left.items() if module not in roots}
    assert sorted(left) == []


def test_names_say_what_is_inside() -> None:
    parts = {part for path in python_files() for part in (*path.parent.relative_to(ROOT).parts, path.stem)}
    assert parts & FORBIDDEN_NAMES == set()


def test_modules_have_their_rooms_and_no_others() -> None:
    stray = [
        name_of(entry)
        for module in sorted((SOURCE / "commerce").iterdir())
        if module.is_dir() and module.name != "__pycache__"
        for entry in sorted(module.iterdir())
        if entry.name != "__pycache__" and entry.stem not in ROOMS | BESIDE_THE_ROOMS
    ]
    assert stray == []


def test_files_name_no_machine_and_no_package_host() -> None:
    here = {"tests/test_tidy.py"}
    found = {}
    for path in tracked():
        if name_of(path) in here:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture
        if match := FOREIGN.search(text):
            found[name_of(path)] = match.group()
    assert found == {}


def environment_names() -> set[str]:
    names = set()
    for path in python_files():
        if is_source(path):
            names |= set(
                re.findall(r"\bONEBASKET_[A-Z][A-Z_]*[A-Z]\b|\bDATABASE_URL\b", path.read_text(encoding="utf-8"))
            )
    return names


def test_every_setting_stands_in_the_documents() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert sorted(name for name in environment_names() if f"`{name}`" not in text) == []


def test_the_documents_name_no_setting_that_is_gone() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([A-Z_]+)`", text, re.MULTILINE)) - environment_names() == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_stands_in_the_documents(command: str) -> None:
    assert f"`onebasket {command}" in documents()


def test_every_command_file_is_registered() -> None:
    files = {path.stem.replace("_", "-") for path in (SOURCE / "project" / "command").glob("*.py")} - {"--init--"}
    assert files == set(COMMANDS)


def addresses(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        address = prefix + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, address)
        else:
            yield address


@pytest.mark.django_db  # the addresses' modules look at the connection as they are imported
def test_every_api_endpoint_stands_in_the_documents() -> None:
    text = documents()
    generated = {"api/v1/", "api/v1/docs", "api/v1/openapi.json", "api/v1/{rest}"}
    served = {address for address in addresses(get_resolver().url_patterns) if address.startswith("api/")} - generated
    assert sorted(address for address in served if f"/{address}" not in text) == []


def test_every_setting_is_in_the_order_of_its_table() -> None:
    """Settings are found by name: the table is sorted."""
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    names = re.findall(r"^\| `([A-Z_]+)`", text, re.MULTILINE)
    assert [pair for pair in pairwise(names) if pair[0] > pair[1]] == []


@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_readme_names_commands_that_exist(target: str) -> None:
    assert f"make {target}" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
