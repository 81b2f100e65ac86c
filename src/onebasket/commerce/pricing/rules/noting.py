"""Why each promotion applied to a line, or did not."""

from collections.abc import Iterator, Mapping, Sequence

from onebasket.commerce.pricing.rules.assigning import shuts_out
from onebasket.commerce.pricing.rules.basket import Cause, Note, Why
from onebasket.commerce.pricing.rules.basketwide import BasketCut
from onebasket.commerce.pricing.rules.compiling import PromotionSet, Rule
from onebasket.commerce.pricing.rules.covering import Cover
from onebasket.commerce.pricing.rules.deciding import Decided
from onebasket.commerce.pricing.rules.qualifying import Standing, Standings
from onebasket.commerce.pricing.rules.runs import Line
from onebasket.commerce.pricing.rules.settling import Bill
from onebasket.kernel.money import price_for

REFUSALS: Mapping[Cause, Why] = {"card": "needs_card", "coupon": "needs_coupon", "limit": "used_up"}
NEEDS_CARD = Note("card", "card price", applied=False, why="needs_card", cause="card")


class Notes:
    """Tells of one decided basket why promotions applied or did not."""

    def __init__(self, standings: Standings, covers: Mapping[int, Cover], decided: Decided) -> None:
        self._standings = standings
        self._covers = covers
        self._decided = decided
        self.uses = count_uses(decided)
        self._applied: dict[int, Standing] = {}
        self._within: dict[int, dict[int, Standing]] = {}
        self._open: dict[int, int] = {}
        for portion in decided.assigned.portions:
            run, within = portion.piece.run, portion.within
            if within is None:
                self._open[run.number] = self._open.get(run.number, 0) + portion.units
            else:
                self._within.setdefault(run.line.place, {})[within.rank] = within
                self._applied[within.rank] = within

    def on_line(self, bill: Bill) -> tuple[Note, ...]:
        """Return what is to be said of a line."""
        line, notes, before = bill.line, list[Note](), -1
        if not self._standings.shopper.member and _has_lower_card_price(line):
            notes.append(NEEDS_CARD)
        for standing, _ in line.live:
            rule = standing.rule
            if rule.rank == before or rule.for_basket:
                continue
            before = rule.rank
            if saved := bill.taken.get(rule.rank):
                promotion = rule.promotion
                notes.append(Note(promotion.code, promotion.name, applied=True, why="applied", saved=saved))
            else:
                notes.append(self._why_not(bill, standing))
        return tuple(notes)

    def on_basket(self, bills: Sequence[Bill], promotions: PromotionSet) -> tuple[Note, ...]:
        """Return what is to be said of basket promotions, and of coupons that nothing here is for."""
        notes = []
        for cut in self._decided.cuts:
            saved = sum(bill.taken.get(cut.standing.rank, 0) for bill in bills)
            promotion = cut.standing.rule.promotion
            notes.append(Note(promotion.code, promotion.name, applied=True, why="applied", saved=saved))
        notes += [self._spare_cut(cut) for cut in self._decided.spare]
        notes += self._refused_basket_rules(bills)
        notes += self._idle_coupons(bills, promotions)
        return tuple(notes)

    def _why_not(self, bill: Bill, standing: Standing) -> Note:
        checks = (self._refused, self._out_of_reach, self._barred, self._kept_out, self._used_up, self._outdone)
        return next(filter(None, (check(standing, bill) for check in checks)), None) or self._left_over(standing.rule)

    def _refused(self, standing: Standing, _bill: Bill | None = None) -> Note | None:
        return _note(standing.rule, standing.refusal, REFUSALS[standing.refusal]) if standing.refusal else None

    def _out_of_reach(self, standing: Standing, bill: Bill) -> Note | None:
        rule, cover = standing.rule, self._covers.get(standing.rank)
        if bill.line.weighed and not rule.for_each_unit:
            return _note(rule, "weighed", "by_weight")
        if cover is None:
            return _note(rule, "together", "priced_apart")
        return _short(rule, cover.missing) if cover.missing else None

    def _barred(self, standing: Standing, _bill: Bill | None = None) -> Note | None:
        if standing.rank not in self._decided.barred:
            return None
        group = standing.rule.promotion.stacking.group
        applied = [*self._applied.values(), *(cut.standing for cut in self._decided.cuts)]
        rivals = [other for other in applied if other.rule.promotion.stacking.group == group]
        return _not_together(standing.rule, rivals)

    def _kept_out(self, standing: Standing, bill: Bill) -> Note | None:
        if not standing.rule.stackable:
            return None
        within = self._within.get(bill.line.place, {}).values()
        rivals = [other for other in within if shuts_out(other.rule.promotion.stacking, [(standing, 0)])]
        return _not_together(standing.rule, rivals) if rivals else None

    def _used_up(self, standing: Standing, _bill: Bill | None = None) -> Note | None:
        spent = self.uses.get(standing.rank, 0) >= standing.times
        return _note(standing.rule, "limit", REFUSALS["limit"]) if spent else None

    def _outdone(self, standing: Standing, bill: Bill) -> Note | None:
        within = self._within.get(bill.line.place)
        return _instead(standing.rule, next(iter(within.values()))) if within else None

    def _left_over(self, rule: Rule) -> Note:
        """Say why units that take part in nothing are not in this: too few of them are left, or it would not pay."""
        missing = sum(
            max(0, part.units - sum(self._open.get(number, 0) for number in numbers))
            for part, numbers in zip(rule.parts, self._covers[rule.rank].parts, strict=True)
        )
        return _short(rule, missing) if missing else _note(rule, "better", "no_gain")

    def _spare_cut(self, cut: BasketCut) -> Note:
        rule = cut.standing.rule
        if cut.missing:
            return _note(rule, "short", "more_money", cut.missing)
        if barred := self._barred(cut.standing):
            return barred
        if self._decided.cuts:
            return _instead(rule, self._decided.cuts[0].standing)
        return _note(rule, "better", "no_gain")

    def _refused_basket_rules(self, bills: Sequence[Bill]) -> Iterator[Note]:
        refused = {
            standing.rank: standing
            for bill in bills
            for standing, _ in bill.line.live
            if standing.refusal is not None and standing.rule.for_basket
        }
        for _, standing in sorted(refused.items()):
            if standing.refusal is not None:
                yield _note(standing.rule, standing.refusal, REFUSALS[standing.refusal])

    def _idle_coupons(self, bills: Sequence[Bill], promotions: PromotionSet) -> Iterator[Note]:
        if not self._standings.presented:
            return
        reached = {standing.rank for bill in bills for standing, _ in bill.line.live}
        for code in sorted(self._standings.presented):
            live = [rule for rule in promotions.by_coupon.get(code, ()) if self._standings.of(rule) is not None]
            if not live:
                yield Note(code, code, applied=False, why="no_such_coupon", cause="coupon")
            elif not any(rule.rank in reached for rule in live):
                yield _note(live[0], "short", "nothing_for_it")


def count_uses(decided: Decided) -> dict[int, int]:
    """Count how often each promotion is used, by rank: sets, units, or the basket once."""
    uses = {pool.deal.standing.rank: pool.sets for pool in decided.assigned.pools}
    units: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for portion in decided.assigned.portions:
        claims = portion.on_top
        for standing, _ in (*claims.capped, *claims.uncapped):
            units[standing.rank] = units.get(standing.rank, 0) + portion.units
            sizes[standing.rank] = standing.rule.parts[0].units
        single = portion.piece.single
        if portion.deal is None and single is not None:
            uses[single.rank] = uses.get(single.rank, 0) + portion.units
    uses |= {rank: count // sizes[rank] for rank, count in units.items()}
    return uses | {cut.standing.rank: 1 for cut in decided.cuts}


def _has_lower_card_price(line: Line) -> bool:
    item, card = line.item, line.item.loyalty
    if card is None:
        return False
    return price_for(card.amount, per_quantity=card.per_quantity, quantity=item.quantity) < line.own


def _instead(rule: Rule, other: Standing) -> Note:
    return _note(rule, "better", "instead", other=other.rule.promotion.name)


def _not_together(rule: Rule, rivals: Sequence[Standing]) -> Note:
    return _note(rule, "together", "not_together", other=rivals[0].rule.promotion.name if rivals else "")


def _short(rule: Rule, missing: int) -> Note:
    return _note(rule, "short", "more_goods", missing)


def _note(rule: Rule, cause: Cause, why: Why, missing: int = 0, *, other: str = "") -> Note:
    promotion = rule.promotion
    return Note(promotion.code, promotion.name, applied=False, why=why, cause=cause, missing=missing, other=other)
