"""Where links lead: to the offer's own address at a host that the partner has named, and never anywhere else."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.partners.rules.links import LinkTarget, NoWay, is_within, land

URL = "https://shop.lantern.example/item/7?colour=red#more"
HOSTS = frozenset({"lantern.example", ".lantern.example", "http://127.0.0.1:8090", "plain.example"})
TARGET = LinkTarget(
    offer_id=7, reference="lamp", url=URL, gone=False, partner_id=1, partner="lantern", gateway="iop",
    options={"hosts": "lantern.example, .lantern.example"}, refers=True,
)  # fmt: skip


def target(**changed: object) -> LinkTarget:
    return msgspec.structs.replace(TARGET, **changed)


@pytest.mark.parametrize(
    ("url", "led"),
    [
        (URL, "https://shop.lantern.example/item/7?colour=red&dp=c1#more"),
        ("https://lantern.example/", "https://lantern.example/?dp=c1"),
        ("https://lantern.example?dp=old&x=1", "https://lantern.example?x=1&dp=c1"),
        ("https://lantern.example:443/a", "https://lantern.example:443/a?dp=c1"),
        ("https://lantern.example/s/q?tid=x%26dp", "https://lantern.example/s/q?tid=x%26dp&dp=c1"),
    ],
)
def test_the_click_goes_into_the_offers_own_address(url: str, led: str) -> None:
    assert land(target(url=url), "c1") == led
    assert land(target(url=url), "") == url


def test_a_template_makes_the_address() -> None:
    options = {
        "hosts": ".lantern.example go.network.example",
        "link_template": "https://go.network.example/?u={url}&c={click}",
    }
    led = land(target(options=options, gateway="feed", url="https://shop.lantern.example/{click}?a=b"), "c1")
    assert led is NoWay.FOREIGN  # a brace is no character of an address
    added = {"hosts": ".lantern.example", "link_template": "{plain}?ref={click}"}
    assert land(target(options=added, gateway="feed"), "c1") == (
        "https://shop.lantern.example/item/7?colour=red&ref=c1#more"
    )
    good = land(target(options=options, gateway="feed", url="https://shop.lantern.example/7?a=b"), "c1")
    assert good == "https://go.network.example/?u=https%3A%2F%2Fshop.lantern.example%2F7%3Fa%3Db&c=c1"


def test_without_hosts_the_pages_are_where_the_platform_is_asked() -> None:
    at = target(options={}, endpoint="http://127.0.0.1:8090/api", url="http://127.0.0.1:8090/item/7")
    assert land(at, "c1") == "http://127.0.0.1:8090/item/7?dp=c1"
    assert land(target(options={}, endpoint="http://127.0.0.1:8091", url=at.url), "c1") is NoWay.FOREIGN
    assert land(target(options={}, endpoint="https://api.lantern.example"), "c1") is NoWay.FOREIGN
    assert land(target(options={"hosts": "other.example"}, endpoint="http://127.0.0.1:8090", url=at.url), "") is (
        NoWay.FOREIGN
    )


def test_a_feed_without_a_template_leads_to_the_plain_address() -> None:
    assert land(target(gateway="feed"), "c1") == URL
    assert land(target(gateway="feed", options=dict(TARGET.options) | {"click_parameter": "ref"}), "c1") == (
        "https://shop.lantern.example/item/7?colour=red&ref=c1#more"
    )


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (None, NoWay.UNKNOWN),
        ({"refers": False}, NoWay.NOT_REFERRED),
        ({"gone": True}, NoWay.GONE),
        ({"url": ""}, NoWay.NO_ADDRESS),
        ({"options": {}}, NoWay.FOREIGN),
        ({"url": "https://evil.example/"}, NoWay.FOREIGN),
        ({"options": {"hosts": ".lantern.example", "link_template": "https://evil.example/?{url}"}}, NoWay.FOREIGN),
    ],
)
def test_a_link_that_leads_nowhere_says_why(changed: dict[str, object] | None, why: NoWay) -> None:
    assert land(target(**changed) if changed else None, "c1") is why


@pytest.mark.parametrize(
    "url",
    [
        "https://lantern.example/", "https://LANTERN.example/a", "https://a.b.lantern.example/?x=http://evil.example",
        "http://127.0.0.1:8090/item/7.html?dp=x", "https://plain.example/",
    ],
)  # fmt: skip
def test_named_hosts_are_within(url: str) -> None:
    assert is_within(url, HOSTS)


@pytest.mark.parametrize(
    "url",
    [
        "http://lantern.example/", "https://lantern.example.evil.example/", "https://evillantern.example/",
        "https://lantern.example@evil.example/", "https://user:word@lantern.example/", "https:lantern.example",
        "//lantern.example/", "/item/7", "javascript:alert(1)", "data:text/html,x", "https://evil.example\\.lantern.example/",
        "https://lantern.example:8443/", "https://lantern.example:port/", "https://lantern.example\r\nSet-Cookie: a=b",
        "https://lantern.example/\x00", " https://lantern.example/", "https://läntern.example/", "https://sub.plain.example/",
        "https://127.0.0.1:8090/", "http://127.0.0.1:8091/", "http://127.0.0.1:8090@evil.example/", "https:///lantern.example/",
        "https://[::1/", "https://lantern.example/" + "a" * 2_000, "", "https://", "ftp://lantern.example/",
        "https://evil.example#@lantern.example/", "https://evil.example?.lantern.example/", "https://.lantern.example.evil/",
    ],
)  # fmt: skip
def test_nothing_else_is_within(url: str) -> None:
    assert not is_within(url, HOSTS)


@given(st.text(max_size=60))
def test_whatever_an_offer_states_a_browser_ends_at_a_named_host(text: str) -> None:
    for url in (text, f"https://{text}", f"https://lantern.example{text}", f"https://{text}.lantern.example/"):
        if is_within(url, HOSTS) and not url.lower().startswith("http://127.0.0.1:8090"):
            rest = url.lower().removeprefix("https://")
            host = (
                rest.replace("/", " ")
                .replace("?", " ")
                .replace("#", " ")
                .split(" ")[0]
                .removesuffix(":443")
                .removesuffix(":")
            )
            assert host in {"lantern.example", "plain.example"} or host.endswith(".lantern.example")


def test_negative_control_a_plain_prefix_would_let_others_in() -> None:
    """The test above can fail: comparing the beginning of an address, as is often done, passes what it refuses."""
    assert "https://lantern.example.evil.example/".startswith("https://lantern.example")
    assert not is_within("https://lantern.example.evil.example/", HOSTS)
