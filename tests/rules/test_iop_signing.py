"""The open platform's signatures: vectors that platforms published, and one on which two implementations agree."""

import hashlib
import hmac

import pytest

from onebasket.commerce.partners.gateways.iop.signing import is_signed, joined, sign_iop, sign_push, sign_top

SECRET = "helloworld"
TOP = {
    "method": "taobao.item.seller.get",
    "app_key": "12345678",
    "session": "test",
    "timestamp": "2016-01-01 12:00:00",
    "format": "json",
    "v": "2.0",
    "sign_method": "md5",
    "fields": "num_iid,title,nick,price,num",
    "num_iid": "11223344",
}
IOP = {"access_token": "test", "app_key": "123456", "order_id": "1234", "sign_method": "sha256"}
SYNC = {
    "method": "aliexpress.solution.product.schema.get",
    "app_key": "12345678",
    "aliexpress_category_id": "200135143",
    "access_token": "test",
    "timestamp": "1517820392000",
    "sign_method": "sha256",
}


def test_published_vector_of_a_top_call() -> None:
    assert sign_top(TOP, SECRET) == "66987CB115214E59E6EC978214934FB8"


def test_published_vector_of_an_iop_call_with_its_path() -> None:
    stated = IOP | {"timestamp": "1517820392000"}
    expected = "4190D32361CFB9581350222F345CB77F3B19F0E31D162316848A2C1FFD5FAB4A"
    assert sign_iop(stated, SECRET, path="/order/get") == expected
    assert sign_iop(stated, SECRET) != expected


def test_a_business_call_is_signed_without_a_path() -> None:
    assert sign_iop(SYNC, SECRET) == "70D6127F24BD80B1EEE615269220603CBA7DB8A79A6FEC91C955834853978FF7"


def test_keys_are_in_ascii_order_and_empty_ones_left_out() -> None:
    assert joined({"foo": "1", "bar": "2", "foo_bar": "3", "foobar": "4"}) == "bar2foo1foo_bar3foobar4"
    assert joined({"b": "", "": "x", "B": "1", "a": "2", "sign": "no"}) == "B1a2"


@pytest.mark.parametrize(("method", "digest"), [("hmac", "md5"), ("hmac-sha256", "sha256")])
def test_keyed_digests_of_a_top_call(method: str, digest: str) -> None:
    expected = hmac.new(SECRET.encode(), joined(TOP).encode(), digest).hexdigest().upper()
    assert sign_top(TOP, SECRET, method=method) == expected


def test_a_push_is_signed_over_key_and_body() -> None:
    body = '{"order":"é"}'.encode()
    expected = hmac.new(b"s", b"key" + body, hashlib.sha256).hexdigest()
    assert sign_push("key", "s", body) == expected
    assert is_signed(expected, sign_push("key", "s", body))
    assert not is_signed(expected, sign_push("key", "s", body + b" "))
    assert not is_signed(expected, "\udce9")
