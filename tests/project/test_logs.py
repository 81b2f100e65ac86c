import json
import logging
import sys

import pytest

from onebasket.project.settings.logs import JsonFormatter, TextFormatter, without_secrets


@pytest.mark.parametrize(
    ("text", "logged"),
    [
        ("Authorization: Bearer abc.DEF-123456", "Authorization: Bearer ***"),
        ("sent Bearer abcdefgh1234", "sent Bearer ***"),
        ("postgresql://ann:s3cret@db.example/shop failed", "postgresql://ann:***@db.example/shop failed"),
        ("password=s3cret&next=1", "password=***&next=1"),
        ("'secret_key': 'abc'", "'secret_key': ***"),
        ("40 lines booked at place 17", "40 lines booked at place 17"),
    ],
)
def test_secrets_are_struck_out(text: str, logged: str) -> None:
    assert without_secrets(text) == logged


def test_a_json_line_carries_its_fields() -> None:
    record = logging.makeLogRecord({"name": "onebasket", "levelname": "INFO", "msg": "booked %d", "args": (3,)})
    record.place = "s-17"
    record.note = "password=hunter2"
    entry = json.loads(JsonFormatter().format(record))
    assert entry.pop("time").endswith("+00:00")
    assert entry == {
        "level": "INFO",
        "logger": "onebasket",
        "message": "booked 3",
        "place": "s-17",
        "note": "password=***",
    }


def fail() -> None:
    raise ValueError("token=abcdef")


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_tracebacks_are_logged_without_secrets(formatter: logging.Formatter) -> None:
    record = logging.makeLogRecord({"msg": "failed"})
    try:
        fail()
    except ValueError:
        record.exc_info = sys.exc_info()
    line = formatter.format(record)
    assert "ValueError: token=***" in line
    # The source line that raised is part of a traceback; what it says is struck out like anything else.
    assert "abcdef" not in line


def test_a_json_entry_is_one_line() -> None:
    assert JsonFormatter().format(logging.makeLogRecord({"msg": "two\nlines"})).count("\n") == 0
