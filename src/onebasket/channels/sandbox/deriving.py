"""Derives the sandbox's goods from the data set "Online Retail": run by hand, its result is goods.csv.

`python -m onebasket.channels.sandbox.deriving online_retail.parquet` (needs pyarrow). Taken over are facts: a
stock code, what the goods are called (cleaned), and the median of the unit prices. Stock, shop and category are derived
by rule, and the GTIN is made, in a range that companies use within their own walls: none of these is the data set's.
"""

import csv
import hashlib
import re
import sys
from collections import Counter, defaultdict
from functools import cache
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from onebasket.kernel.money import divide_half_up

COLUMNS = (
    *("stock_code", "title", "price_gbp_pence"),
    *("derived_category", "derived_shop", "derived_stock", "made_gtin"),
)
FILE = Path(__file__).parent / "goods.csv"
FEWEST_LINES = 4
"""Goods that were sold on fewer lines are left out: their names are often remarks."""
_CODE = re.compile(r"\d{5}[A-Z]{0,2}")
_REMARK = re.compile(
    r"\?|damage|lost|check|adjust|found|thrown|voucher|carriage|image|manual|postage|amazon|wrong|sample"
)
_SET = re.compile(r"\b(?:set|s)\s*/\s*(\d+)\b")
_PACK = re.compile(r"\b(?:pack|p)\s*/\s*(\d+)\b")
_PROPER_NAMES = """London Paris Christmas Easter French English Union Jack Jumbo Lola Edwardian Victorian Scottie
Moroccan Indian Chinese Russian American Scandinavian Regency Morris Valentine Spaceboy Dolly Wi-Fi USB LED UK Madras
Mediterranean"""
_PROPER = {word.lower(): word for word in _PROPER_NAMES.split()}
_SHOPS = {
    "Kitchen & dining": ("Copper Ladle", "Fernway Table", "Brass & Bramble"),
    "Home": ("Brass & Bramble", "Hearth & Heron", "Fernway Home"),
    "Garden": ("Green Gate", "Hearth & Heron"),
    "Party & gifts": ("Paper Lantern", "Ribbon Row"),
    "Stationery & craft": ("Inkwell Lane", "Ribbon Row"),
    "Bags & jewellery": ("Plum Street", "Silver Thimble"),
    "Toys & children": ("Tin Soldier", "Paper Lantern"),
    "More": ("Oddments & Co", "Ribbon Row"),
}
_CATEGORIES_BY_WORD = """
Party & gifts > Christmas & Easter:
  christmas xmas easter advent snowman reindeer bauble noel santa
Bags & jewellery > Jewellery:
  necklace earrings bracelet ring bangle brooch pendant charm diamante hairclip hair tiara
Bags & jewellery > Bags & purses:
  bag handbag purse shopper bags wallet suitcase tote satchel umbrella scarf parasol
Kitchen & dining > Tableware:
  mug cup cups plate plates bowl teapot saucer jug glass tumbler cutlery coaster coasters placemats napkins napkin
  dish egg teacup tea coffee goblet decanter spoons
Kitchen & dining > Baking & cooking:
  cake baking cases jelly pan oven apron recipe cook jam pantry biscuit cutters chopping measuring rolling moulds
  mould scales kitchen cookie popcorn ladle colander
Kitchen & dining > Storage:
  tin tins jar jars bottle box boxes lunch bread storage drainer rack basket bucket crates
Home > Candles & holders:
  candle candles t-light t-lights holder lantern incense votive candlestick candleholder tealight
Home > Lighting & clocks:
  clock lamp lights light lampshade shade chandelier alarm
Home > Decoration:
  hanging decoration garland bunting wreath sign mirror frame wall art picture photo heart hearts bird star ornament
  plaque letters feather letter
Home > Textiles:
  cushion throw blanket rug doormat curtain cover quilt towel tea-towel pillow filler pad bottle
Home > Furniture & hardware:
  hook hooks drawer knob knobs cabinet table stool chair shelf doorstop hanger stand chest door
Garden > Garden:
  garden plant pot watering gnome fork trowel kneeling planter zinc seed seeds gardeners picnic
Party & gifts > Cards, wrap & gifts:
  card cards wrap gift ribbon ribbons party birthday balloons paper tissue tissues bows confetti doilies money
Stationery & craft > Stationery:
  notebook pen pencil pencils pens book stationery stickers sticker stamp tape rubber eraser magnets magnet calculator
  sharpener journal memo notepad diary passport luggage
Stationery & craft > Craft:
  felt feltcraft bead beads sewing craft knitting kit buttons yarn crochet embroidery mosaic
Toys & children > Toys & games:
  toy doll game jigsaw puzzle playhouse dominoes skittles soldiers childrens childs children spaceboy dolly girl baby
  rabbit bunny robot whistle yo-yo marbles skipping soft domino snap blocks
"""
"""The words by which a category is known; where two claim a word, the first has it."""


def main(source: str) -> None:
    """Read the data set, and write goods.csv."""
    found = list(derive(read(Path(source))))
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(found)
    sys.stdout.write(f"{len(found)} goods in {FILE.name}\n")


def read(source: Path) -> list[tuple[str, str, float, int]]:
    """Return code, description, unit price and quantity of each line."""
    parquet: Any = import_module("pyarrow.parquet")
    table = parquet.read_table(source, columns=["StockCode", "Description", "UnitPrice", "Quantity"])
    columns = [table.column(name).to_pylist() for name in ("StockCode", "Description", "UnitPrice", "Quantity")]
    return list(zip(*columns, strict=True))


def derive(lines: list[tuple[str, str, float, int]]) -> list[tuple[str, str, int, str, str, int, str]]:
    """Return the goods as goods.csv has them, by stock code; a title is given once."""
    names: dict[str, Counter[str]] = defaultdict(Counter)
    prices: dict[str, list[int]] = defaultdict(list)
    for code, description, price, quantity in lines:
        if price and price > 0 and quantity > 0 and description and _CODE.fullmatch(code):
            names[code][" ".join(description.split())] += 1
            prices[code].append(round(price * 100))
    goods, titles = [], set()
    for code in sorted(names):
        title = clean(names[code].most_common(1)[0][0])
        if len(prices[code]) < FEWEST_LINES or _REMARK.search(title.lower()) or title.lower() in titles:
            continue
        titles.add(title.lower())
        category = category_of(title)
        goods.append(
            (code, title, _middle(prices[code]), category, shop_of(code, category), stock_of(code), gtin_of(code))
        )
    return goods


def clean(description: str) -> str:
    """Return a description as a title: in a sentence's case, with common short forms written out."""
    text = _SET.sub(r"set of \1", description.lower().strip(" *.,"))
    text = _PACK.sub(r"pack of \1", text).replace(" w ", " with ").replace("w/", "with ").replace(",", ", ")
    words = [_PROPER.get(word, word) for word in text.split()]
    title = " ".join(words)
    return title[:1].upper() + title[1:]


def category_of(title: str) -> str:
    """Return the category that a word of the title stands for: the last word that stands for one, for it says most."""
    known = _categories()
    words = re.findall(r"[a-z][a-z-]*", title.lower())
    return next((known[word] for word in reversed(words) if word in known), "More > More")


@cache
def _categories() -> dict[str, str]:
    """Return the category of each word."""
    found: dict[str, str] = {}
    category = ""
    for line in _CATEGORIES_BY_WORD.strip().splitlines():
        if not line.startswith(" "):
            category = line.rstrip(":")
            continue
        for word in line.split():
            found.setdefault(word, category)
    return found


def shop_of(code: str, category: str) -> str:
    """Return the shop that sells it, by its code's number."""
    shops = _SHOPS[category.partition(" > ")[0]]
    return shops[_drawn(code, "shop") % len(shops)]


def stock_of(code: str) -> int:
    """Return a made-up stock, ever the same for a code: one in twenty is out."""
    drawn = _drawn(code, "stock")
    return 0 if drawn % 20 == 0 else 3 + drawn // 20 % 180


def gtin_of(code: str) -> str:
    """Return a made-up GTIN-13 in the range 049 (for use within a company), ever the same for a code."""
    body = f"049{_drawn(code, 'gtin') % 10**9:09d}"
    total = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(body))
    return f"{body}{-total % 10}"


def _drawn(code: str, what: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{what} {code}".encode()).digest()[:6])


def _middle(prices: list[int]) -> int:
    return max(1, divide_half_up(round(median(prices) * 2), 2))


if __name__ == "__main__":
    main(sys.argv[1])
