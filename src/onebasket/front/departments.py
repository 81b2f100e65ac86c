"""The shop's shelves by department and category, with the addresses by which they are found."""

from dataclasses import dataclass, field

from django.utils.text import slugify
from django.utils.translation import gettext as _

from onebasket.commerce.catalogue.queries.browsing import Assortment, assortment
from onebasket.front.drawing.choosing import Picture, picture_of


@dataclass(frozen=True, slots=True)
class Category:
    """A category of a department: `code` as the catalogue writes it, `slug` in its address."""

    code: str
    slug: str
    products: int
    picture: Picture

    @property
    def name(self) -> str:
        """Return the name as people read it; what has none is the rest."""
        return self.code or _("Everything else")


@dataclass(frozen=True, slots=True)
class Department:
    """A department with its categories, those with most products first."""

    code: str
    slug: str
    products: int
    picture: Picture
    categories: tuple[Category, ...]
    by_slug: dict[str, Category] = field(repr=False)
    by_code: dict[str, Category] = field(repr=False)

    @property
    def name(self) -> str:
        """Return the name as people read it."""
        return self.code or _("Everything else")


@dataclass(frozen=True, slots=True)
class Departments:
    """Every department, those with most products first."""

    listed: tuple[Department, ...]
    by_slug: dict[str, Department]
    by_code: dict[str, Department]

    @property
    def products(self) -> int:
        """Return how many products are shown in all."""
        return sum(department.products for department in self.listed)


_kept: dict[int, Departments] = {}


def departments() -> Departments:
    """Return the departments of the catalogue as it stands, arranged once for each of its revisions."""
    found = assortment()
    kept = _kept.get(found.revision)
    if kept is None or not found.revision:
        _kept.clear()
        kept = _kept[found.revision] = arrange(found)
    return kept


def arrange(found: Assortment) -> Departments:
    """Arrange sections into departments; two names with one slug get a number behind it, by the catalogue's order."""
    sections: dict[str, list[tuple[str, int]]] = {}
    for section in found.sections:
        sections.setdefault(section.department, []).append((section.category, section.products))
    by_slug: dict[str, Department] = {}
    for code, categories in sections.items():
        own: dict[str, Category] = {}
        for name, products in categories:
            slug = _free_slug(name, own)
            own[slug] = Category(name, slug, products, picture_of(name, code))
        slug = _free_slug(code, by_slug)
        listed = tuple(sorted(own.values(), key=lambda category: (-category.products, category.code)))
        by_slug[slug] = Department(
            code=code,
            slug=slug,
            products=sum(category.products for category in listed),
            picture=_picture(code, listed),
            categories=listed,
            by_slug=own,
            by_code={category.code: category for category in listed},
        )
    ordered = tuple(sorted(by_slug.values(), key=lambda department: (-department.products, department.code)))
    return Departments(ordered, by_slug, {department.code: department for department in ordered})


def _picture(code: str, categories: tuple[Category, ...]) -> Picture:
    """Return the department's own picture; where its name says nothing, that of its largest category that does."""
    own = picture_of(code)
    if own.name != "bag":
        return own
    return next((category.picture for category in categories if category.picture.name != "bag"), own)


def _free_slug(name: str, taken: dict[str, Category] | dict[str, Department]) -> str:
    slug = base = slugify(name) or "other"
    number = 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug
