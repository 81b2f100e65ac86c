"""The examples in docs/files.md are read as the page says."""

import io
import re
from pathlib import Path

from onebasket.channels.files.csvfile import read_csv
from onebasket.channels.files.csvmapping import read_mapping
from onebasket.channels.files.jsonlines import read_jsonlines
from onebasket.channels.files.messages import Parsed, Reading
from onebasket.channels.files.poslog import read_poslog
from onebasket.kernel.quantity import Unit

PAGE = Path(__file__).parents[2] / "docs" / "files.md"
READING = Reading(units={"kg": Unit("kg", 3)})


def example(language: str) -> bytes:
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1].encode()


def test_the_json_example_is_a_receipt_that_ties() -> None:
    (message,) = read_jsonlines(io.BytesIO(example("json")))
    assert isinstance(message, Parsed)
    receipt = message.receipt
    paid = sum(line.paid_amount for line in receipt.lines)
    assert paid == sum(tender.amount for tender in receipt.tenders) - receipt.change == 650


def test_the_csv_example_is_a_receipt_that_ties() -> None:
    (message,) = read_csv(io.BytesIO(example("csv")), read_mapping(example("toml")), reading=READING)
    assert isinstance(message, Parsed)
    assert [line.list_amount for line in message.receipt.lines] == [500, 200]
    assert [tender.amount for tender in message.receipt.tenders] == [650]


def test_the_poslog_example_is_a_receipt_that_ties() -> None:
    (message,) = read_poslog(io.BytesIO(example("xml")), reading=READING)
    assert isinstance(message, Parsed)
    receipt = message.receipt
    assert receipt.key == "12/3/2026-03-02/1188"
    assert [line.list_amount for line in receipt.lines] == [200]
    assert receipt.tenders[0].amount - receipt.change == receipt.lines[0].paid_amount == 150


def test_the_page_names_every_reason() -> None:
    folder = Path(__file__).parents[2] / "src" / "onebasket" / "channels" / "files"
    named = set(
        re.findall(r"`([a-z]+(?:-[a-z]+)*)`", PAGE.read_text(encoding="utf-8").split("Reasons:")[1].split("\n\n")[0])
    )
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
    used = set(re.findall(r'(?:Refusal\(\s*|return |reason, explanation = |raw, )"([a-z]+(?:-[a-z]+)*)",', code))
    assert used <= named
    assert named == used


def test_the_page_names_every_reason_of_booking() -> None:
    source = Path(__file__).parents[2] / "src" / "onebasket"
    paths = ("commerce/sales/actions/booking.py", "base/quarantine.py", "project/loading/receipts.py")
    code = "\n".join((source / path).read_text(encoding="utf-8") for path in paths)
    used = set(re.findall(r'Fault\(\s*"([a-z_]+)",', code))
    page = PAGE.read_text(encoding="utf-8").split("may still not be booked:")[1].split("\n\n")[0]
    assert set(re.findall(r"`([a-z_]+)`", page)) == used
