"""A sandbox partner as a process of its own, and callers of it; a test states only what it is about."""

import http.client
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import msgspec
import psutil

from onebasket.commerce.partners.gateways.iop.envelopes import PLACE_REQUEST, TOP_ZONE, Method, written
from onebasket.commerce.partners.gateways.iop.signing import sign_iop, sign_top
from tests.faults.house import free_port, kill

APP_KEY = "12345678"
SECRET = "the-secret-of-the-app"
CONTROL = "what-opens-the-control-page"
PATIENCE = 30.0
ADDRESS = {
    "full_name": "Ada Example", "address": "1 High Street", "city": "Springfield", "province": "IL", "zip": "62701",
    "country": "US", "mobile_no": "5550100", "phone_country": "+1",
}  # fmt: skip
Answered = tuple[int, Any]


def exchange(
    port: int,
    verb: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    seconds: float = 30.0,
) -> tuple[int, Mapping[str, str], bytes]:
    """Send one request, and return status, headers and body; OSError or HTTPException where the line is cut."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        link.request(verb, path, body, dict(headers or {}))
        answer = link.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        link.close()


@dataclass
class SandboxProcess:
    """`onebasket partner-sandbox` on a port and a folder of its own; `options` go to the command as they are."""

    command: tuple[str, ...]
    folder: Path
    options: tuple[str, ...] = ()
    app_key: str = APP_KEY
    secret: str = SECRET
    control_token: str = CONTROL
    port: int = field(default_factory=free_port)
    process: psutil.Popen | None = None
    token: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        options = ["--port", str(self.port), "--folder", str(self.folder), "--app-key", self.app_key, *self.options]
        settings = {
            "DJANGO_SETTINGS_MODULE": "onebasket.project.settings", "ONEBASKET_ENV": "test",
            "ONEBASKET_SANDBOX_SECRET": self.secret, "ONEBASKET_SANDBOX_CONTROL": self.control_token,
        }  # fmt: skip
        self.process = psutil.Popen(
            [*self.command, "partner-sandbox", *options], env=os.environ | settings, stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()
        assert line == f"onebasket partner-sandbox: {self.url}\n", line

    def kill(self) -> None:
        """Kill it outright."""
        if self.process is not None:
            kill([self.process])
            self.process.stdout.close()
            self.process = None

    def control(self, verb: str, name: str, content: object = None, *, token: str | None = None) -> Answered:
        """Make a control call; status and what it says."""
        body = b"" if content is None else msgspec.json.encode(content)
        headers = {"Authorization": f"Bearer {self.control_token if token is None else token}"}
        status, _, said = exchange(self.port, verb, f"/control/{name}", body, headers)
        return status, msgspec.json.decode(said)

    def done(self, verb: str, name: str, content: object = None) -> Any:
        """Make a control call that has to succeed."""
        status, said = self.control(verb, name, content)
        assert status == 200, said
        return said

    def fault(self, fault: str, method: str = "*", **more: object) -> None:
        """Let something go wrong with the next call."""
        self.done("POST", "faults", {"fault": fault, "method": method, **more})

    def access(self) -> str:
        """Return an access token that holds; made once."""
        self.token = self.token or self.done("POST", "tokens", {})["access_token"]
        return self.token

    def send(self, path: str, parameters: Mapping[str, str], *, seconds: float = 30.0) -> Answered:
        """Send parameters as a form, signed or not."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        status, _, said = exchange(self.port, "POST", path, urlencode(parameters).encode(), headers, seconds=seconds)
        return status, msgspec.json.decode(said) if said[:1] in b"{[" else said

    def iop(self, method: str, **parameters: str) -> Any:
        """Make a business call, signed as the newer platform wants it; with a token where it needs one."""
        return self.asked(method, parameters)

    def asked(self, method: str, parameters: Mapping[str, str], *, seconds: float = 30.0) -> Any:
        """Make a business call, and wait for its answer for so long."""
        token = {} if method.startswith("aliexpress.affiliate.") else {"session": self.access()}
        system = {"method": method, "app_key": self.app_key, "sign_method": "sha256", "timestamp": millis()}
        stated = system | token | dict(parameters)
        return self.send("/sync", stated | {"sign": sign_iop(stated, self.secret)}, seconds=seconds)[1]

    def top(self, method: str, path: str = "/router/rest", *, how: str = "md5", **parameters: str) -> Any:
        """Make a business call, signed as the older platform wants it."""
        stated = {
            "method": method, "app_key": self.app_key, "sign_method": how, "timestamp": gmt8(), "format": "json",
            "v": "2.0", **parameters,
        }  # fmt: skip
        return self.send(path, stated | {"sign": sign_top(stated, self.secret, method=how)})[1]

    def system(self, path: str, **parameters: str) -> Any:
        """Make a system call."""
        stated = {"app_key": self.app_key, "sign_method": "sha256", "timestamp": millis(), **parameters}
        return self.send(f"/rest{path}", stated | {"sign": sign_iop(stated, self.secret, path=path)})[1]

    def place(self, items: Mapping[int, int], *, ours: str = "ours-1", seconds: float = 30.0, **more: Any) -> Any:
        """Order goods; what the platform says of it."""
        wanted = {
            "out_order_id": ours, "logistics_address": ADDRESS | more.pop("address", {}),
            "product_items": [{"product_id": key, "product_count": count, **more} for key, count in items.items()],
        }  # fmt: skip
        stated = {PLACE_REQUEST: msgspec.json.encode(wanted).decode()}
        answer = self.asked(Method.PLACE, stated, seconds=seconds)
        return answer.get("aliexpress_trade_buy_placeorder_response", answer).get("result", answer)

    def orders(self, ours: str = "ours-1") -> list[Any]:
        """Return the partner's orders that bear our number, as they truly are."""
        return list(self.done("GET", f"orders?{urlencode({'out_order_id': ours})}")["orders"])

    def lines(self, **parameters: str) -> list[Any]:
        """Return the commission lines of a status, as the platform states them."""
        now = datetime.now(UTC)
        span = {"start_time": written(now - timedelta(days=1)), "end_time": written(now + timedelta(days=1))}
        answer = self.iop(Method.COMMISSION_INDEX, **{"status": "Payment Completed", **span, **parameters})
        result = answer["aliexpress_affiliate_order_listbyindex_response"]["resp_result"]["result"]
        return list(result["orders"]["order"])


@contextmanager
def sandbox_process(command: tuple[str, ...], folder: Path, *options: str, **more: Any) -> Iterator[SandboxProcess]:
    """Run a sandbox as a process, and leave none behind."""
    one = SandboxProcess(command, folder, options, **more)
    try:
        one.start()
        yield one
    finally:
        one.kill()


def millis(ahead: float = 0.0) -> str:
    """Return this moment as the newer platform wants it."""
    return str(round((time.time() + ahead) * 1000))


def gmt8(ahead: float = 0.0) -> str:
    """Return this moment as the older platform wants it."""
    return (datetime.now(TOP_ZONE) + timedelta(seconds=ahead)).strftime("%Y-%m-%d %H:%M:%S")


def good(title: str, price: int = 250, **more: Any) -> dict[str, Any]:
    """Return goods as a file of JSON lines states them."""
    return {"title": title, "price": price, "stock": 10, "shop": "Brass & Bramble", "shipping": 350, **more}


def write_goods(path: Path, *goods: Mapping[str, Any]) -> Path:
    """Write a file of goods."""
    path.write_bytes(b"\n".join(msgspec.json.encode(one) for one in goods) + b"\n")
    return path


@dataclass
class Listener:
    """Somebody who is pushed to: what arrived, and what is answered to the next ones (then always 200)."""

    arrived: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    url: str = ""

    def bodies(self) -> list[Any]:
        """Return what the pushes say."""
        return [msgspec.json.decode(body) for _, body in self.arrived]


@contextmanager
def listener() -> Iterator[Listener]:
    """Listen to pushes on a port of its own."""
    heard = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.arrived.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(heard.answers.pop(0) if heard.answers else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.url = f"http://127.0.0.1:{server.server_port}/partner/sandbox/push"
    thread = Thread(target=server.serve_forever, args=[0.05], daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def wait_until(comes: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    until = time.monotonic() + PATIENCE
    while not comes():
        assert time.monotonic() < until
        time.sleep(0.02)
