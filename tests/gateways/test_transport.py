"""One HTTP request within a deadline, against servers that are down, slow, cut off, or talk too much."""

import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from onebasket.commerce.partners.gateways import transport
from onebasket.commerce.partners.gateways.transport import LARGEST_ANSWER, Answered, Post, Server, Silent, Unsent
from tests.gateways.serving import Script, answer, cut, served, silent, trickle

ASKED = Post("/sync?a=1", b"b=2", {"Content-Type": "application/x-www-form-urlencoded"})


def test_a_request_is_sent_whole_and_its_answer_read() -> None:
    date = "Tue, 02 Jan 2024 03:04:05 GMT"
    with served(answer(b"{}", Date=date, Retry_After="7")) as server:
        found = Server(server.url + "/base/").post(ASKED, seconds=5)
        assert found == Answered(200, b"{}", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), 7)
    lines = server.requests[0].decode().split("\r\n")
    assert lines[0] == "POST /base/sync?a=1 HTTP/1.1"
    assert lines[1] == f"Host: {server.url.removeprefix('http://')}"
    assert lines[-1] == "b=2"
    assert "Content-Length: 3" in lines


def test_a_kept_connection_serves_the_next_request_but_none_that_must_not_be_done_twice() -> None:
    with served(answer(b"{}")) as server:
        there = Server(server.url)
        for _ in range(3):
            assert isinstance(there.post(ASKED, seconds=5), Answered)
        assert server.connections == 1
        assert isinstance(there.post(ASKED, seconds=5, once=True), Answered)
        assert (server.connections, len(server.requests)) == (2, 4)


def test_a_kept_connection_that_was_closed_meanwhile_is_not_used() -> None:
    def last(link: socket.socket) -> None:
        link.sendall(answer(b"1"))
        link.shutdown(socket.SHUT_RDWR)

    with served(last, answer(b"2")) as server:
        there = Server(server.url)
        assert isinstance(there.post(ASKED, seconds=5), Answered)
        time.sleep(0.05)
        again = there.post(ASKED, seconds=5)
        assert isinstance(again, Answered)
        assert (again.body, server.connections) == (b"2", 2)


def test_a_kept_connection_that_breaks_under_a_request_is_replaced_once() -> None:
    with served(answer(b"1"), cut(), answer(b"3")) as server:
        there = Server(server.url)
        there.post(ASKED, seconds=5)
        again = there.post(ASKED, seconds=5)
        assert isinstance(again, Answered)
        assert (again.body, server.connections, len(server.requests)) == (b"3", 2, 3)


def test_what_must_not_be_done_twice_is_never_sent_again() -> None:
    with served(cut()) as server:
        assert isinstance(Server(server.url).post(ASKED, seconds=5, once=True), Silent)
        assert len(server.requests) == 1


def test_what_nobody_asked_for_spoils_a_connection() -> None:
    """A second answer that was never asked for must not be taken for the next one's."""

    def twice(link: socket.socket) -> None:
        link.sendall(answer(b"mine"))
        time.sleep(0.1)
        link.sendall(answer(b"forged"))

    with served(twice, answer(b"yours")) as server:
        there = Server(server.url)
        there.post(ASKED, seconds=5)
        time.sleep(0.2)
        again = there.post(ASKED, seconds=5)
        assert isinstance(again, Answered)
        assert again.body == b"yours"


def test_nobody_there_is_certain() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert isinstance(Server(f"http://127.0.0.1:{port}").post(ASKED, seconds=5), Unsent)


@pytest.mark.parametrize("seconds", [0.2, 0.5])
def test_the_deadline_bounds_the_whole(seconds: float) -> None:
    slow = [silent(), trickle(answer(b"x" * 1000)), trickle(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 0.001)]
    for script in slow:
        with served(script) as server:
            began = time.monotonic()
            found = Server(server.url).post(ASKED, seconds=seconds)
            assert isinstance(found, Silent)
            assert seconds <= time.monotonic() - began < seconds + 0.5


def test_a_byte_at_a_time_is_read_where_there_is_time() -> None:
    with served(trickle(answer(b"slow but sure"), 0.001)) as server:
        found = Server(server.url).post(ASKED, seconds=5)
        assert isinstance(found, Answered)
        assert found.body == b"slow but sure"


@pytest.mark.parametrize(
    "broken",
    [
        cut(),
        cut(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"half":'),
        cut(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a'),
        cut(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        cut(b"\x00\xff\x00 not http\r\n\r\n"),
        cut(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"),
        cut(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n"),
        cut(b"HTTP/1.1 abc OK\r\n\r\n"),
    ],
)  # fmt: skip
def test_a_broken_answer_is_no_answer(broken: Script) -> None:
    with served(broken) as server:
        assert isinstance(Server(server.url).post(ASKED, seconds=5), Silent)


def test_an_answer_is_not_read_without_end() -> None:
    def endless(link: socket.socket) -> None:
        link.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            link.sendall(b"x" * 65_536)

    with served(endless) as server:
        found = Server(server.url).post(ASKED, seconds=20)
        assert found == Silent(f"the answer is longer than {LARGEST_ANSWER} bytes")


def test_no_redirect_is_followed() -> None:
    with served(answer(b"", "302 Found", Location="/elsewhere")) as server:
        found = Server(server.url).post(ASKED, seconds=5)
        assert isinstance(found, Answered)
        assert (found.status, len(server.requests)) == (302, 1)


@pytest.mark.parametrize(
    "url", ["", "ftp://a", "http://", "https:///x", "http://é.example", "http://a:99999", "nonsense"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|range|Port|port"):
        Server(url)


def test_a_line_that_would_break_the_request_is_not_sent() -> None:
    with served(answer(b"{}")) as server:
        found = Server(server.url).post(Post("/a\r\nX: y", b"", {}), seconds=5)
        assert isinstance(found, Silent)
        assert server.requests == []


def test_a_server_that_does_not_speak_tls_is_not_spoken_to() -> None:
    with served(answer(b"{}")) as server:
        found = Server(server.url.replace("http:", "https:")).post(ASKED, seconds=0.5)
        assert isinstance(found, Unsent)
        assert server.requests == []


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(answer(b"{}"), certificate=certificate) as server:
        found = Server(server.url).post(ASKED, seconds=5)
        assert isinstance(found, Unsent)
        assert "certificate" in found.reason.lower()
        assert server.requests == []
        monkeypatch.setattr(transport, "_context", lambda: ssl.create_default_context(cafile=str(certificate)))
        trusted = Server(server.url).post(ASKED, seconds=5)
        assert isinstance(trusted, Answered)
        assert trusted.body == b"{}"


def test_a_handshake_that_never_ends_is_bounded_too() -> None:
    with served(silent()) as server:
        began = time.monotonic()
        assert isinstance(Server(server.url.replace("http:", "https:")).post(ASKED, seconds=0.3), Unsent)
        assert time.monotonic() - began < 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate of 127.0.0.1 with its key, signed by nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a partner")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    path = tmp_path_factory.mktemp("tls") / "partner.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return path
