"""The ten minutes of docs/api/README.md, run as they are written: every answer is the one that the page shows."""

import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from django.db import connection

PAGE = Path(__file__).parents[2] / "docs" / "api" / "README.md"
PASSING = re.compile(r'"(id|placed_at|time)":"[^"]*"')
"""What is another each time."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def shown(text: str) -> list[object]:
    """Return the JSON values of a text, one after the other."""
    found, decoder = list[object](), json.JSONDecoder()
    rest = PASSING.sub(r'"\1":""', text).strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        found.append(value)
        rest = rest[end:].strip()
    return found


def test_the_ten_minutes_come_out_as_the_page_shows(command: tuple[str, ...], tmp_path: Path) -> None:
    if connection.vendor != "sqlite" or not (shutil.which("curl") and shutil.which("bash")):
        pytest.skip("a newcomer has SQLite, curl and bash")
    blocks = re.findall(
        r"```(sh|json)\n(.*?)```", PAGE.read_text(encoding="utf-8").split("## Rules that")[0], re.DOTALL
    )
    program = tmp_path / "onebasket"
    program.write_text(f'#!/bin/sh\nexec {command[0]} -c "{command[2]}" "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("ONEBASKET_", "DATABASE_", "DJANGO"))
    }
    done = subprocess.run(
        ["bash", "-e", "-c", script([text for kind, text in blocks if kind == "sh"], port=free_port())],  # noqa: S607
        env=kept | {"PATH": f"{tmp_path}:{kept['PATH']}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answers = shown(done.stdout[done.stdout.index("{") :])
    expected = shown("".join(text for kind, text in blocks if kind == "json"))
    assert [answer for answer in answers if answer not in expected] == answers[:4], "the first four are not shown"
    assert answers[4:] == expected


def script(blocks: list[str], *, port: int) -> str:
    """Return the page's lines with a port of our own, a pause for typing, and the hub's end."""
    text = (
        "\nsleep 1\n".join(blocks)
        .replace("8000", str(port))
        .replace("curl ", "curl -sS --retry-connrefused --retry 40 ")
    )
    return text.replace("onebasket hub &", f"onebasket hub --port {port} >hub.log 2>&1 &\ntrap 'kill $!; wait' EXIT")
