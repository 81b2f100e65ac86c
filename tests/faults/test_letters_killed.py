"""Whoever places orders or sends letters is killed outright at each step: exactly one mail for each fact.

Sending is at least once. Files know a message again, so each is there once whatever happens; a mail server gets one
again only from a worker that was killed between the server's "accepted" and its own note of that, under the same
Message-ID.
"""

import os
from collections import Counter
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.faults.lettering import STEPS
from tests.faults.mailserver import mail_server
from tests.forking import Forked

ADDRESS = "https://shop.example"
pytestmark = pytest.mark.timeout(300)


class Installation:
    """One database and one way that mail leaves, for processes that are killed."""

    def __init__(self, url: str, home: Path, mail: str) -> None:
        self._environment = os.environ | {
            "DATABASE_URL": url, "ONEBASKET_HOME": str(home), "ONEBASKET_MAIL": mail, "ONEBASKET_ADDRESS": ADDRESS,
            "DJANGO_SETTINGS_MODULE": "onebasket.project.settings",
        }  # fmt: skip
        self._folder = home / "mail"

    def start(self, *arguments: str) -> Forked:
        """Start a process."""
        return Forked("tests.faults.lettering", *arguments, env=self._environment)

    def kill_at(self, word: str, *arguments: str) -> None:
        """Start a process, and kill it where it says that it has come to this word."""
        process = self.start(*arguments)
        said = process.stdout.readline().strip()
        process.kill()
        process.communicate()
        assert said == word

    def finish(self, *processes: Forked) -> None:
        """Let workers do what is left."""
        for process in processes or (self.start("run"),):
            said, _ = process.communicate(timeout=120)
            assert said == "done\n"

    def files(self) -> list[EmailMessage]:
        """Return the mails that are there as files."""
        found = sorted(self._folder.glob("*.eml"))
        return [message_from_bytes(one.read_bytes(), policy=policy.default) for one in found]


def told(messages: list[EmailMessage]) -> dict[str, int]:
    """Return how often whom was written to; the same letter has the same id and leads to the same page."""
    by_id = {(str(one["Message-ID"]), str(one["To"]), links(one)) for one in messages}
    assert len(by_id) == len({identity for identity, _, _ in by_id})
    assert all(f"{ADDRESS}/shop/orders/" in page for _, _, page in by_id)
    return dict(Counter(str(one["To"]) for one in messages))


def links(message: EmailMessage) -> str:
    """Return the lines of a mail that lead somewhere."""
    body = message.get_body(("plain",))
    assert body is not None
    assert "Ihre Bestellung" in str(message["Subject"])
    return "".join(line for line in body.get_content().splitlines() if line.startswith("http"))


@pytest.mark.parametrize("step", STEPS)
def test_a_mail_is_a_file_once_wherever_its_worker_is_killed(
    step: str, spare_database_url: str, tmp_path: Path
) -> None:
    there = Installation(spare_database_url, tmp_path, "file:")
    there.kill_at("placed", "place", "0", "2")
    there.kill_at(step, "run", step)
    there.kill_at(step, "run", step)
    there.finish()
    assert told(there.files()) == {"ada0@example.org": 1, "ada1@example.org": 1}


@pytest.mark.parametrize("step", STEPS)
def test_a_mail_server_gets_one_again_from_one_moment_alone(step: str, spare_database_url: str, tmp_path: Path) -> None:
    with mail_server() as taken:
        there = Installation(spare_database_url, tmp_path, f"smtp://127.0.0.1:{taken.port}")
        there.kill_at("placed", "place", "0", "2")
        there.kill_at(step, "run", step)
        there.finish()
        first = 2 if step == "accepted" else 1
        assert told(taken.messages) == {"ada0@example.org": first, "ada1@example.org": 1}


@pytest.mark.parametrize("work", ["run", "race"])
def test_two_workers_send_each_letter_once(work: str, spare_database_url: str, tmp_path: Path) -> None:
    """With `race`, the control, nothing is claimed, and some letters are sent twice."""
    with mail_server(slowness=0.05) as taken:
        there = Installation(spare_database_url, tmp_path, f"smtp://127.0.0.1:{taken.port}")
        there.kill_at("placed", "place", "0", "20")
        there.finish(there.start(work), there.start(work))
        found = told(taken.messages)
    assert len(found) == 20
    assert (set(found.values()) == {1}) is (work == "run")
