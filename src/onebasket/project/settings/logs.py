"""What is logged and how: one line an event, JSON in production, and never a secret."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

SECRETS = (
    (re.compile(r"(?i)\b(bearer|basic|token)\s+[\w.~+/=-]{8,}"), r"\1 ***"),
    (re.compile(r"(\w+://[^:/@\s]*):[^@\s]+@"), r"\1:***@"),
    (
        re.compile(r"(?i)\b(password|passwd|secret|secret_key|api_key|token)(['\"]?\s*[=:]\s*)[^\s,;&}]+"),
        r"\1\2***",
    ),
)
"""Shapes that secrets take in text, and what stands in their place."""

OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request", "taskName"}
"""What every log record carries; anything else was handed in as `extra` and is logged as a field."""


def without_secrets(text: str) -> str:
    """Return the text with credentials, tokens and passwords struck out."""
    for pattern, replacement in SECRETS:
        text = pattern.sub(replacement, text)
    return text


class TextFormatter(logging.Formatter):
    """A line for people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback under it where there is one."""
        return without_secrets(super().format(record))


class JsonFormatter(logging.Formatter):
    """A line for machines: time, level, logger, message, the fields handed in as `extra`, and the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line of JSON."""
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry.update({name: value for name, value in vars(record).items() if name not in OWN_FIELDS})
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        struck = {name: without_secrets(value) if isinstance(value, str) else value for name, value in entry.items()}
        return json.dumps(struck, default=lambda value: without_secrets(str(value)), ensure_ascii=False)


def logging_settings(*, level: str, style: str) -> dict[str, Any]:
    """Return the configuration for `logging.config.dictConfig`; `style` is "json" or "text"."""
    formatter = JsonFormatter if style == "json" else TextFormatter
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own handlers would write every line twice.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            # Every statement of every request: only ever for a person at the keyboard.
            "django.db.backends": {"level": "INFO"},
            "_granian": {"handlers": [], "level": level, "propagate": True},
            "granian.access": {"handlers": [], "level": level, "propagate": True},
        },
    }
