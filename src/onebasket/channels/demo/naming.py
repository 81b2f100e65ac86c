"""Readable names for products of a data set that has none: composed of type and package size, labelled as composed."""

import re
from functools import lru_cache

OWN_BRAND = "Own brand"
LOOSE_PRODUCE_MAKER = 2

# Fuel and money lines under these departments are no goods.
DEPARTMENTS = {
    "CHARITABLE CONT": "Charity",
    "CHEF SHOPPE": "Chef shop",
    "CNTRL/STORE SUP": "Store supplies",
    "COUPON": "Coupons",
    "DRUG GM": "Drug and general merchandise",
    "ELECT &PLUMBING": "Electrical and plumbing",
    "GM MERCH EXP": "General merchandise",
    "MEAT-PCKGD": "Packaged meat",
    "PROD-WHS SALES": "Produce warehouse",
    "SEAFOOD-PCKGD": "Packaged seafood",
}
# What the data's abbreviations stand for; words that are not here are taken as they are.
WORDS = {
    "ACCESS": "accessories", "ACCSS": "accessories", "AIDS": "aids", "AMERICAN": "American", "APPL": "appliances",
    "AUSTRALIAN": "Australian", "BABYFOOD": "baby food", "BBQ": "BBQ", "BEERALEMALT": "beer, ale and malt",
    "BEV": "beverage", "BG": "bags", "BKD": "baked", "BN": "beans", "BNDGES": "bandages", "BNLS": "boneless",
    "BR": "bread", "BRD": "breaded", "BRKFST": "breakfast", "BTH": "bath", "BTL": "bottle", "BTLS": "bottles",
    "BTR": "butter", "CAR": "carton", "CARB": "carbonated", "CATFD": "cat food", "CHICK": "chicken", "CHIX": "chicken",
    "CHOC": "chocolate", "CHOCOCLATE": "chocolate", "CHP": "chops", "CHRISTMAS": "Christmas", "CKTLS": "cocktails",
    "CKYS": "cookies", "CLEANG": "cleaning", "CLOT": "cloths", "CND": "canned", "CNDLES": "candles", "CNDY": "candy",
    "CNTRL": "control", "COCO": "cocoa", "COFF": "coffee", "COMBIN": "combinations", "CONC": "concentrate",
    "CRAN": "cranberry", "CRBNTD": "carbonated", "CRKR": "crackers", "CRMD": "creamed", "CRYSTL": "crystal",
    "CTLRYTBLCLTHSTTHPKSST": "cutlery, tablecloths, toothpicks", "DEOD": "deodorant", "DNR": "dinner",
    "DNRS": "dinners", "DOGFD": "dog food", "DPS": "dips", "DRNK": "drink", "DRNKING": "drinking", "DRNKNG": "drinking",
    "DRNKS": "drinks", "DRP": "drops", "DRSNG": "dressings", "DSH": "dishes", "DVD": "DVD", "ELSTC": "elastic",
    "ENTREES": "entrées", "FD": "food", "FDS": "foods", "FEM": "feminine", "FLAV": "flavored", "FLVR": "flavored",
    "FLVRD": "flavored", "FRD": "fried", "FRE": "fresh", "FRENCH": "French", "FRZ": "frozen", "FRZN": "frozen",
    "FS": "French style", "GDS": "goods", "GRND": "ground", "HBC": "health and beauty care", "HNGRS": "hangers",
    "HYGN": "hygiene", "ITALIAN": "Italian", "IWS": "individually wrapped", "JAPANESE": "Japanese", "JCE": "juice",
    "LIQ": "liquid", "LIQS": "liquids", "LOZNG": "lozenges", "LRG": "large", "MACH": "machine", "MASSGRS": "massagers",
    "MEMORABLILIA": "memorabilia", "MERCH": "merchandise", "MEXICAN": "Mexican", "MFG": "manufacturer",
    "MISC": "assorted", "MISCELLANEOUS": "assorted", "MIXS": "mixes", "MLK": "milk", "MLT": "multi", "MNRL": "mineral",
    "MRKT": "market", "MTL": "metal", "MULT": "multi", "MW": "microwave", "MX": "mixes", "MXS": "mixes",
    "NATRL": "natural", "NDAIRY": "non-dairy", "NTRTNL": "nutritional", "NZ": "New Zealand", "ORGNZRS": "organizers",
    "PAC": "pack", "PERSNL": "personal", "PICKLD": "pickled", "PICKLS": "pickles", "PK": "pack", "PKG": "packaged",
    "PKGD": "packaged", "PKLD": "pickled", "PLSTC": "plastic", "PNCH": "punch", "PNT": "peanut", "PPK": "prepacked",
    "PREM": "premium", "PREP": "prepared", "PREPORTND": "preportioned", "PRESLC": "presliced", "PRESLCD": "presliced",
    "PROD": "produce", "PRPCK": "prepacked", "PRSLC": "presliced", "PWDR": "powdered", "PWDRS": "powders",
    "RBR": "rubber", "REFRGRATD": "refrigerated", "REFRIG": "refrigerated", "REG": "regular", "RETL": "retail",
    "RTD": "ready to drink", "RTS": "ready to serve", "SAL": "salad", "SALD": "salad", "SAUS": "sausage", "SFT": "soft",
    "SGL": "single", "SHERBTS": "sherbets", "SHLDR": "shoulder", "SHLFSH": "shellfish", "SHRED": "shredded",
    "SLC": "slices", "SLD": "salad", "SNDWCH": "sandwich", "SNGL": "single", "SNKS": "snacks", "SOD": "soda",
    "SPEC": "special", "SPECILATY": "specialty", "SPF": "SPF", "SPLY": "supplies", "SPRD": "spreads", "SRV": "serve",
    "SS": "single serve", "STK": "steaks", "STRP": "strips", "SUP": "super", "SUPPPLIES": "supplies",
    "SUPRT": "supports", "SV": "serve", "SW": "sweet", "SWEETNERS": "sweeteners", "SWT": "sweet", "SYRNGS": "syringes",
    "SYRP": "syrup", "THAI": "Thai", "THN": "thin", "TISS": "tissues", "TORT": "tortilla", "TRSH": "trash", "TV": "TV",
    "VAC": "vacuum", "VALENTINE": "Valentine", "VEG": "vegetables", "VEND": "vending", "WAT": "water", "WHL": "whole",
    "WHLSM": "wholesome", "WTR": "water", "XLARGE": "extra large", "XMAS": "Christmas", "XPCTRNT": "expectorant",
}  # fmt: skip
DROPPED = frozenset({"ALL", "ET", "EX", "EXCP", "INCL", "INCLUDING", "N", "ONLY", "O", "P", "RW", "S", "T", "W"})
# Types that say nothing without their category.
VAGUE = frozenset(
    {"Economy", "Enhanced", "Fresh", "Lean", "Mainstream", "Premium", "Primal", "Seasonal", "Traditional"}
)
UNITS = {
    "CT": "ct", "DZ": "doz", "EA": "each", "FT": "ft", "GA": "gal", "GAL": "gal", "IN": "in", "L": "l", "LB": "lb",
    "LT": "l", "ML": "ml", "OZ": "oz", "PC": "pc", "PK": "pack", "PT": "pt", "QT": "qt", "SQ": "sq",
    "YD": "yd", "Z": "oz",
}  # fmt: skip
_WORD = re.compile(r"[A-Z][A-Z']*")
_BRACKETS = re.compile(r"\([^)]*\)?")
_SIZE_WORD = re.compile(r"[A-Za-z]+|[^A-Za-z]+")
_CLEAN_SIZE = re.compile(r"[\d/.\- x]*[ -]?(?:ct|doz|each|ft|gal|in|l|lb|ml|oz|pc|pack|pt|qt|sq ft|yd)(?: bag)?")
_SPACES = re.compile(r"\s+")


def compose_name(product_type: str, category: str, size: str) -> str:
    """Compose a name such as 'Fluid milk, white, 1 gal' from what the data says about a product."""
    words, kind = readable(product_type), readable(category)
    if words in VAGUE and kind:
        words = f"{kind}, {words.lower()}"
    words = words or kind or "Unnamed product"
    measure = readable_size(size)
    return f"{words}, {measure}" if measure else words


@lru_cache(maxsize=8_192)
def readable(text: str) -> str:
    """Write a type or category of the data in words: abbreviations spelt out, brackets dropped, in sentence case."""
    plain = _BRACKETS.sub(" ", text.upper()).replace("MILK WHITE", "MILK, WHITE").replace("X-LARGE", "XLARGE")
    plain = re.sub(r"\s*:\s*|\s+-\s+|(?<=[A-Z]) *; *", ", ", plain).replace("&", " and ")
    plain = re.sub(r"(?<=[A-Z])\.", " ", plain)
    plain = _WORD.sub(_spelt, plain)
    plain = _SPACES.sub(" ", plain)
    plain = re.sub(r"(\s*,)+\s*", ", ", plain).strip(" ,-/.")
    return plain[:1].upper() + plain[1:]


def _spelt(found: re.Match[str]) -> str:
    word = found[0]
    return "" if word in DROPPED else WORDS.get(word, word.lower())


@lru_cache(maxsize=8_192)
def readable_size(size: str) -> str:
    """Write a package size such as '1 GA' as '1 gal'; nothing where the data's text says no clear size."""
    text = _SPACES.sub(" ", size.upper()).strip()
    text = re.sub(r"^AB?D? +(?=\d)", "", text)
    parts = [UNITS.get(part, part.lower()) if part.isalpha() else part for part in _SIZE_WORD.findall(text)]
    plain = re.sub(r"(?<![\d.])\.(?=\d)", "0.", "".join(parts))
    if plain in {"pt", "qt", "gal"}:
        return f"1 {plain}"
    return plain if _CLEAN_SIZE.fullmatch(plain) and plain[0].isdigit() else ""


def readable_department(text: str) -> str:
    """Write a department in words."""
    return DEPARTMENTS.get(text) or readable(text)
