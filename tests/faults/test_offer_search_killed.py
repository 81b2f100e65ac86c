"""Whoever keeps the index of offers is killed at random moments while offers change: no change is passed over."""

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from onebasket.commerce.partners.models import Offer
from onebasket.commerce.partners.queries.following import offers_changed
from onebasket.commerce.search.actions import OfferKeeper, building, offers, rebuild_offers
from onebasket.commerce.search.queries import IndexMissingError
from onebasket.commerce.search.queries.finding_offers import find_offers
from tests.builders import make_chain
from tests.faults.house import PATIENCE
from tests.forking import Forked, run
from tests.partnering import add_offers, make_partner

SEED, KILLS = 20_261_126, 6
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def environment(spare_database_url: str, tmp_path: Path) -> dict[str, str]:
    told = {"ONEBASKET_ENV": "test", "ONEBASKET_HOME": str(tmp_path), "ONEBASKET_LOG_LEVEL": "WARNING"}
    return (
        os.environ | told | {"DATABASE_URL": spare_database_url, "DJANGO_SETTINGS_MODULE": "onebasket.project.settings"}
    )


def test_killed_at_any_moment_it_misses_no_change(environment: dict[str, str]) -> None:
    chance = random.Random(SEED)  # noqa: S311 - repeatable moments, no secret
    run("tests.faults.offer_indexing", "open", env=environment)
    for number in range(KILLS):
        both = [Forked("tests.faults.offer_indexing", what, str(number), env=environment) for what in ("state", "keep")]
        for process in both:
            assert process.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.05, 1.5))
        for process in reversed(both):
            process.kill()
            process.communicate(timeout=PATIENCE)
        told = json.loads(run("tests.faults.offer_indexing", "check", env=environment))
        assert told["faults"] == [], f"seed {SEED}, kill {number}: {told}"
        assert told["before"] > 0


@pytest.mark.django_db
def test_the_control_noted_before_it_is_written_a_change_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the number noted in another commit than the documents, a kill between the two would lose them for ever."""
    make_chain()
    ids = add_offers(make_partner(), {"lamp": {"title": "Amber lamp"}})
    rebuild_offers()
    offer = offers_changed(0, 0, limit=1)[0]
    _rename(ids["lamp"], "Ebony lamp", changed=offer.changed + 1)
    write = offers._write

    def noted_first(folder: Path, ids: Any, documents: Any, about: Any) -> None:
        write(folder, [], [], about)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(offers, "_write", noted_first)
        with pytest.raises(KeyboardInterrupt):
            OfferKeeper().turn()
    assert OfferKeeper().turn() == 0
    assert find_offers("ebony ", currency="USD").total == 0  # missed
    rebuild_offers()
    _rename(ids["lamp"], "Coral lamp", changed=offer.changed + 2)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(offers, "note_about", killed)
        with pytest.raises(KeyboardInterrupt):
            OfferKeeper().turn()
    assert find_offers("ebony ", currency="USD").total == 1
    assert OfferKeeper().turn() == 1
    assert find_offers("coral ", currency="USD").total == 1


@pytest.mark.django_db
def test_an_index_that_is_not_whole_is_never_the_one_that_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    make_chain()
    add_offers(make_partner(), {"lamp": {"title": "Amber lamp"}})
    rebuild_offers()

    def killed(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(offers, "_build", killed)
        with pytest.raises(KeyboardInterrupt):
            rebuild_offers()
    assert find_offers("lamp", currency="USD").total == 1

    def named_first(path: Path, _: object) -> int:
        building.let_hold(path.parent, path.name)
        return killed()

    with monkeypatch.context() as patch:
        patch.setattr(offers, "_build", named_first)
        with pytest.raises(KeyboardInterrupt):
            rebuild_offers()
    with pytest.raises(IndexMissingError):
        find_offers("lamp", currency="USD")
    assert OfferKeeper().turn() == 1
    assert find_offers("lamp", currency="USD").total == 1


def _rename(offer_id: int, title: str, *, changed: int) -> None:
    Offer.objects.filter(pk=offer_id).update(title=title, changed=changed)
