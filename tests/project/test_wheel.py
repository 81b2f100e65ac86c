"""What is installed from a wheel has all that the shop needs besides its code: texts, pictures, pages, styles."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from tests.messages import LANGUAGES

ROOT = Path(__file__).resolve().parent.parent.parent
SHOP = "onebasket/channels/shop"


def test_a_wheel_carries_what_the_shop_shows(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(ZipFile(wheel).namelist())
    wanted = {f"{SHOP}/locale/{language}/LC_MESSAGES/django.mo" for language in LANGUAGES}
    wanted |= {f"onebasket/front/drawing/{name}" for name in ("goods.txt", "words.txt")}
    wanted |= {f"onebasket/channels/sandbox/{name}" for name in ("goods.csv",)}
    wanted |= {f"{SHOP}/static/onebasket/shop.{kind}" for kind in ("css", "js")}
    wanted |= {
        f"{SHOP}/{path.relative_to(ROOT / 'src' / SHOP)}" for path in (ROOT / "src" / SHOP).rglob("templates/**/*.*")
    }
    assert wanted - names == set()
