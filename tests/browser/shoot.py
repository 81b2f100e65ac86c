"""Screenshots of the pulse with sample figures: `python -m tests.browser.shoot DIRECTORY [PAGE ...]`.

Each page is drawn on a phone and a laptop, light and dark; axe, sideways scrolling and script errors are reported.
"""

import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from axe_playwright_python.sync_playwright import Axe
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import ARGUMENTS, SIZES

PAGES = {
    "front": "/", "pulse": "/pulse/", "receipts": "/pulse/receipts", "receipt": "/pulse/receipts/1",
    "orders": "/pulse/orders", "order": "/pulse/orders/0199f2a0-1111-7000-8000-0000004b7c21",
    "search": "/pulse/shelves?q=banana", "shelves": "/pulse/shelves?product=1029743",
    "shelf": "/pulse/shelves/343/1029743",
    "breaches": "/pulse/breaches", "exceptions": "/pulse/exceptions", "quarantine": "/pulse/quarantine",
    "webhooks": "/pulse/webhooks", "places": "/pulse/places", "empty": "/pulse/receipts?q=nothing",
}  # fmt: skip


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None: ...


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def serve() -> str:
    """Start the pulse on a database of its own and return its address."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    os.environ["DATABASE_URL"] = f"sqlite:///{tempfile.mkdtemp()}/shots.sqlite3"
    os.environ["ONEBASKET_HOME"] = tempfile.mkdtemp()
    settings.ROOT_URLCONF = "tests.browser.addresses"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    django.setup()
    import_module("tests.browser.sample").fill()
    call_command("migrate", verbosity=0)
    assert apps.ready
    get_user_model().objects.create_user(username="ada", password="look", role="admin")
    server = make_server("127.0.0.1", 0, get_wsgi_application(), server_class=Server, handler_class=Quiet)
    Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def complaints(page: Page) -> list[str]:
    found = [f"axe {item['id']}: {item['nodes'][0]['html'][:120]}" for item in Axe().run(page).response["violations"]]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("scrolls sideways")
    return found


def shoot(browser: Browser, address: str, wanted: list[str], *, size: str, scheme: str, folder: Path) -> None:
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.on("console", lambda message: say(f"  console: {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: say(f"  script: {error}"))
    page.goto(f"{address}/login/")
    page.screenshot(path=folder / f"login-{size}-{scheme}.png", full_page=True)
    say(f"login {size} {scheme}", complaints(page))
    page.fill("#id_username", "ada")
    page.fill("#id_password", "look")
    page.click("button[type=submit].main")
    page.goto(f"{address}/pulse/shelves?product=1029743")
    for name in wanted:
        page.goto(address + PAGES[name])
        say(f"{name} {size} {scheme}", complaints(page))
        page.screenshot(path=folder / f"{name}-{size}-{scheme}.png", full_page=True)
    context.close()


def main(folder: Path, wanted: list[str]) -> None:
    address = serve()
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
        for size in SIZES:
            for scheme in ("light", "dark"):
                shoot(browser, address, wanted or list(PAGES), size=size, scheme=scheme, folder=folder)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
