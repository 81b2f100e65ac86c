"""Being asked to stop at the worst moment: while the main thread holds what an event's setting needs."""

import subprocess
import sys

import pytest

ASKED = """
from onebasket.base.asked import stop_when_asked
stopping = stop_when_asked()
"""
NAIVE = """
import threading
stopping = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopping.set())
"""
INTERRUPTED_WAIT = """
with stopping._cond:  # as `wait` holds it for a moment before it sleeps, and again after it
    signal.raise_signal(signal.SIGTERM)
    print("asked", flush=True)
print(stopping.wait(60))
"""


def ends(handler: str, *, seconds: float) -> str | None:
    """Return what the process says, None where it does not end."""
    program = f"import signal\n{handler}{INTERRUPTED_WAIT}"
    try:
        done = subprocess.run([sys.executable, "-c", program], timeout=seconds, capture_output=True, check=True)
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.decode()


def test_a_process_asked_in_the_middle_of_a_wait_stops() -> None:
    assert ends(ASKED, seconds=50) == "asked\nTrue\n"


def test_a_handler_that_sets_the_event_itself_waits_for_ever() -> None:
    assert ends(NAIVE, seconds=5) is None


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_either_signal_is_heard_and_each_time(name: str) -> None:
    program = f"""
import signal, threading
from queue import Queue
from onebasket.base.asked import when_asked
heard = Queue()
when_asked(lambda: heard.put(threading.current_thread().name))
for _ in range(2):
    signal.raise_signal(signal.{name})
    print(heard.get(timeout=30))
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=50, capture_output=True, check=True)
    assert done.stdout.decode().split() == ["asked", "asked"]
