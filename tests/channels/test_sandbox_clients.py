"""The sandbox and four client packages that were written for real platforms by others: each gets what it reads."""

import gc
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aliexpress_affiliate import AliExpressClient
from aliexpress_affiliate.exceptions import AuthenticationError, RateLimitError, SignatureError
from aliexpress_api import AliexpressApi
from aliexpress_api.errors import ApiRequestException
from aliexpress_api.skd.api import rest
from aliexpress_api.skd.api.base import RestApi

from onebasket.commerce.partners.gateways.iop.envelopes import written
from tests.sandboxing import ADDRESS, SandboxProcess, exchange, good, sandbox_process, write_goods

ROOT = Path(__file__).resolve().parents[2]
AE_SDK = ROOT / ".make" / "node" / "node_modules" / "ae_sdk"
FIRST, SECOND = 7_000_001, 7_000_002
LAZOP = """
import json, sys
from lazop_sdk.base import LazopClient, LazopRequest
url, key, secret, code, order = sys.argv[1:]
client = LazopClient(url + "/rest", key, secret)
def ask(path, verb="POST", token=None, **parameters):
    request = LazopRequest(path, verb)
    for name, value in parameters.items():
        request.add_api_param(name, value)
    answer = client.execute(request, token)
    return [answer.code, answer.body]
made = ask("/auth/token/create", code=code)
again = ask("/auth/token/create", code=code)
read = ask("/order/get", "GET", made[1]["access_token"], order_id=order)
client._app_secret = "somebody else's"
forged = ask("/order/get", "GET", made[1]["access_token"], order_id=order)
print(json.dumps([made, again, read, forged]))
"""
AE = """
const { AffiliateClient, DropshipperClient } = require(process.argv[2]);
const [url, key, secret, token, code, product, address, start, end] = process.argv.slice(3);
const open = (kind, secretOfIt = secret) => {
  const client = new kind({ app_key: key, app_secret: secretOfIt, session: token });
  client.migrated_apis_url = url + "/sync";
  client.new_apis_url = url + "/rest";
  return client;
};
(async () => {
  const affiliate = open(AffiliateClient), ds = open(DropshipperClient);
  const found = {};
  found.tokens = await ds.generateToken({ code });
  found.details = await affiliate.productDetails({ product_ids: product, tracking_id: "shop" });
  found.links = await affiliate.generateAffiliateLinks({
    promotion_link_type: 0, source_values: `${url}/item/${product}.html`, tracking_id: "shop" });
  found.categories = await affiliate.getCategories({});
  found.product = await ds.productDetails({ product_id: Number(product) });
  found.placed = await ds.createOrder({
    logistics_address: JSON.parse(address),
    product_items: [{ product_id: Number(product), product_count: 2 }] });
  const order = found.placed.data.aliexpress_trade_buy_placeorder_response.result.order_list[0];
  found.order = await ds.orderDetails({ order_id: order });
  found.lines = await affiliate.ordersListByIndex({ start_time: start, end_time: end, status: "Payment Completed" });
  found.refused = await ds.createOrder({
    logistics_address: { ...JSON.parse(address), country: "ZZ" },
    product_items: [{ product_id: Number(product), product_count: 2 }] });
  found.forged = await open(AffiliateClient, "somebody else's").getCategories({});
  console.log(JSON.stringify(found));
})();
"""


@pytest.fixture(scope="module")
def one(command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("sandbox")
    goods = write_goods(
        folder / "goods.jsonl",
        good(
            "Brass desk lamp",
            3400,
            id=FIRST,
            category="Home > Lighting & clocks",
            list_price=4000,
            gtin="0490000000016",
        ),
        good("Teak tray", 1250, id=SECOND, category="Kitchen & dining > Tableware", shop="Fernway Table"),
    )
    with sandbox_process(command, folder, "--no-own-goods", "--goods", str(goods)) as found:
        yield found


@pytest.fixture(autouse=True)
def nothing_left(one: SandboxProcess) -> None:
    one.done("POST", "forget", {})
    one.done("POST", f"goods/{FIRST}", {"stock": 10})


def buy_on_the_page(one: SandboxProcess, click: str) -> None:
    form = f"name=Ada&quantity=1&form=form-of-{click}-0123456789&dp={click}&tid=shop".encode()
    status, headers, _ = exchange(one.port, "POST", f"/item/{FIRST}.html", form)
    assert (status, headers["location"].partition("?")[0][:8]) == (303, "/bought/")


def test_py_aliexpress_affiliate(one: SandboxProcess) -> None:
    buy_on_the_page(one, "click-1")
    now = datetime.now(UTC)
    with AliExpressClient(one.app_key, one.secret, tracking_id="shop", base_url=one.url, max_retries=0) as client:
        (product,) = client.get_products_details([str(FIRST)])
        links = client.generate_affiliate_links([f"{one.url}/item/{FIRST}.html"])
        page = client.get_products(keywords="tray")
        lines = client.get_order_list_by_index(
            start_time=written(now - timedelta(hours=1)),
            end_time=written(now + timedelta(hours=1)),
            status="Payment Completed",
        )
        names = {category.name: category.parent_category_id is None for category in client.get_categories()}
    assert (product.product_id, product.product_title) == (FIRST, "Brass desk lamp")
    assert (product.target_sale_price, product.target_original_price, product.sale_price_currency) == (
        "34.00",
        "40.00",
        "GBP",
    )
    assert [link.promotion_link for link in links] == [product.promotion_link]
    assert [found.product_id for found in page.items] == [SECOND]
    assert names == {"Home": True, "Lighting & clocks": False, "Kitchen & dining": True, "Tableware": False}
    (line,) = lines.items
    assert (line.product_id, line.paid_amount, line.estimated_paid_commission) == (FIRST, "3400", "238")
    assert (line.custom_parameters, line.commission_rate, line.tracking_id) == ('{"dp":"click-1"}', "7.00%", "shop")


def test_py_aliexpress_affiliate_reads_why_it_is_turned_away(one: SandboxProcess) -> None:
    with (
        AliExpressClient(one.app_key, "somebody else's", base_url=one.url, max_retries=0) as client,
        pytest.raises(SignatureError),
    ):
        client.get_categories()
    with (
        AliExpressClient("another", one.secret, base_url=one.url, max_retries=0) as client,
        pytest.raises(AuthenticationError),
    ):
        client.get_categories()
    one.fault("call_limit")
    with AliExpressClient(one.app_key, one.secret, base_url=one.url, max_retries=0) as client:
        with pytest.raises(RateLimitError):
            client.get_categories()
        assert len(client.get_categories()) == 4


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_python_aliexpress_api(one: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes domain and port in each request's constructor, whose defaults its own front uses; it closes no line."""
    kinds = [kind for kind in vars(rest).values() if isinstance(kind, type) and issubclass(kind, RestApi)]
    assert kinds
    for kind in kinds:
        monkeypatch.setattr(vars(kind)["__init__"], "__defaults__", ("127.0.0.1", one.port))
    buy_on_the_page(one, "click-2")
    now = datetime.now(UTC)
    api = AliexpressApi(one.app_key, one.secret, "EN", "GBP", "shop")
    (product,) = api.get_products_details([str(FIRST)])
    (link,) = api.get_affiliate_links(f"{one.url}/item/{FIRST}.html")
    found = api.get_products(keywords="brass")
    parents = [category.category_name for category in api.get_parent_categories()]
    lines = api.get_order_list(
        status="Payment Completed",
        start_time=written(now - timedelta(hours=1)),
        end_time=written(now + timedelta(hours=1)),
    )
    assert (product.product_id, product.target_sale_price, product.product_small_image_urls) == (
        FIRST, "34.00", [f"{one.url}/picture/{FIRST}.svg"],
    )  # fmt: skip
    assert link.promotion_link == product.promotion_link
    assert [each.product_title for each in found.products] == ["Brass desk lamp"]
    assert parents == ["Home", "Kitchen & dining"]
    assert [line.custom_parameters for line in lines.orders.order] == ['{"dp":"click-2"}']
    with pytest.raises(ApiRequestException, match="signature"):
        AliexpressApi(one.app_key, "somebody else's", "EN", "GBP", "shop").get_categories()
    gc.collect()


def test_lazop_sdk(one: SandboxProcess, tmp_path: Path) -> None:
    """It writes into the home folder as it is imported: it gets one of its own."""
    (order,) = one.place({FIRST: 1})["order_list"]["number"]
    code = one.done("POST", "codes")["code"]
    told = subprocess.run(
        [sys.executable, "-c", LAZOP, one.url, one.app_key, one.secret, code, str(order)],
        capture_output=True, check=True, text=True, env=os.environ | {"HOME": str(tmp_path)},
    )  # fmt: skip
    made, again, read, forged = json.loads(told.stdout)
    assert (made[0], made[1]["expires_in"], made[1]["account_platform"]) == ("0", 3600, "sandbox")
    assert again[0] == "IllegalCode"
    assert (read[0], read[1]["data"]["order_id"], read[1]["data"]["order_status"]) == (
        "0",
        order,
        "PLACE_ORDER_SUCCESS",
    )
    assert (forged[0], forged[1]["type"]) == ("IncompleteSignature", "ISV")


def test_ae_sdk(one: SandboxProcess, tmp_path: Path) -> None:
    if not AE_SDK.is_dir() or shutil.which("node") is None:
        pytest.skip("the npm package is not installed: run .ci/node")
    script = tmp_path / "drive.cjs"
    script.write_text(AE)
    code, now = one.done("POST", "codes")["code"], datetime.now(UTC)
    span = [written(now - timedelta(hours=1)), written(now + timedelta(hours=1))]
    stated = [str(AE_SDK), one.url, one.app_key, one.secret, one.access(), code, str(FIRST), json.dumps(ADDRESS), *span]
    told = subprocess.run(["node", str(script), *stated], capture_output=True, check=True, text=True)  # noqa: S607
    found: dict[str, Any] = json.loads(told.stdout)
    assert found["tokens"]["data"]["expires_in"] == 3600
    details = found["details"]["data"]["aliexpress_affiliate_productdetail_get_response"]["resp_result"]["result"]
    assert [product["product_title"] for product in details["products"]] == ["Brass desk lamp"]
    links = found["links"]["data"]["aliexpress_affiliate_link_generate_response"]["resp_result"]["result"]
    assert links["promotion_links"]["promotion_link"][0]["promotion_link"] == details["products"][0]["promotion_link"]
    sku = found["product"]["data"]["aliexpress_ds_product_get_response"]["result"]["ae_item_sku_info_dtos"][0]
    assert (sku["offer_sale_price"], sku["sku_available_stock"], sku["aeop_s_k_u_propertys"]) == ("34.00", 10, [])
    placed = found["placed"]["data"]["aliexpress_trade_buy_placeorder_response"]["result"]
    assert placed == {"is_success": True, "order_list": [8_000_000_000_000_001]}
    order = found["order"]["data"]["aliexpress_trade_ds_order_get_response"]["result"]
    assert [(line["product_count"], line["product_price"]["amount"]) for line in order["child_order_list"]] == [
        (2, "34.00")
    ]
    assert (order["order_amount"], order["logistics_info_list"]) == ({"amount": "71.50", "currency_code": "GBP"}, [])
    lines = found["lines"]["data"]["aliexpress_affiliate_order_listbyindex_response"]["resp_result"]["result"]
    assert [line["paid_amount"] for line in lines["orders"]["order"]] == [6800]
    refused = found["refused"]["data"]["aliexpress_trade_buy_placeorder_response"]["result"]
    assert (refused["is_success"], refused["error_code"]) == (False, "A002_INVALID_ZONE")
    assert (found["forged"]["ok"], found["forged"]["error_response"]["code"]) == (False, "IncompleteSignature")
