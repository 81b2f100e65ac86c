"""How a process learns that it is to stop: SIGTERM from whoever keeps it, SIGINT (Ctrl-C) from its terminal.

A signal's handler runs in the main thread between any two of its steps, also while that thread holds the lock inside an
event that it waits on; a handler that set the event would then wait for ever for the very thread that it interrupts.
Here the handler only puts a word into a queue that may be entered again (`queue.SimpleQueue`), and a thread acts on it.
"""

import signal
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def when_asked(act: Callable[[], object], *, signals: Sequence[signal.Signals] = SIGNALS) -> None:
    """Call `act` in a thread of its own, each time that one of the signals comes; for the main thread to ask for."""
    words: SimpleQueue[int] = SimpleQueue()

    def wait() -> None:
        while words.get():
            act()

    threading.Thread(target=wait, name="asked", daemon=True).start()
    for number in signals:
        signal.signal(number, lambda number, _frame: words.put(number))


def stop_when_asked(*, signals: Sequence[signal.Signals] = SIGNALS) -> threading.Event:
    """Return an event that is set when one of the signals comes."""
    stopping = threading.Event()
    when_asked(stopping.set, signals=signals)
    return stopping
