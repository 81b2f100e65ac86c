"""A mail server that takes everything and keeps it: as much of SMTP (RFC 5321) as a sender needs."""

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Taken:
    """What was accepted, in order, and from which address."""

    port: int = 0
    raw: list[bytes] = field(default_factory=list)
    slowness: float = 0.0

    @property
    def messages(self) -> list[EmailMessage]:
        """Return the messages, read."""
        return [message_from_bytes(one, policy=policy.default) for one in self.raw]


@contextmanager
def mail_server(*, slowness: float = 0.0) -> Iterator[Taken]:
    """Run a server on a port of its own that thinks for so many seconds before it accepts a message."""
    taken = Taken(slowness=slowness)

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            for line in self.rfile:
                verb = line[:4].upper().strip()
                if verb == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    content = b"".join(iter(self.rfile.readline, b".\r\n"))
                    time.sleep(taken.slowness)
                    taken.raw.append(content)
                self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 well\r\n")
                if verb == b"QUIT":
                    return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Session) as server:
        taken.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield taken
        server.shutdown()
        thread.join()
