"""What the next offer to a segment could be about: categories it surely buys more than all customers and no offer covers.

Shares of buyers are beta-binomial (Skellam 1948, "A probability distribution derived from the binomial distribution by regarding the
probability of success as variable"): with x buyers among a segment's n customers and the share g of all customers, the segment's share is
Beta(x + m g, n - x + m (1 - g)). The strength m is the likeliest over all segments and categories together (empirical Bayes).

Item to item (Linden, Smith, York 2003, "Amazon.com recommendations: item-to-item collaborative filtering"): the cosine of two categories
over customers. Who buys much buys everything, so that chance is judged by the odds ratio of customers who buy equally many other
categories (Mantel, Haenszel 1959), with the variance of Robins, Breslow, Greenland (1986, eq. 4).

What is called sure holds for everything compared at once (Bonferroni), in 95 of 100 worlds. The SQL runs
in DuckDB, where offers are chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from os.path import commonprefix

import numpy as np
import pyarrow as pa
from scipy.special import betaln
from scipy.stats import beta, norm

from netlift.engine import Engine, quoted
from netlift.offers.reach import Mask
from netlift.offers.words import percent
from netlift.records import Choice, Companion, Features, Floats, Ints, NextCategory, Proposal, Segmentation, Tables
from netlift.settings import OfferSettings

LARGEST = 40  # categories by money; smaller ones have too few buyers to tell
MOST = 3  # proposals per segment
MUCH = 1.2  # times the share of all customers, below which a difference is too small for an offer, however sure
FEWEST = 30  # buyers in a segment, below which a category is no audience
PAIRED = 100_000  # customers, drawn by lot, whose pairs of categories are counted
ERROR = 0.05  # chance that anything at all is called sure that is not
PREFIX = 3  # letters with which all category columns of a wide table must begin for others to be taken for such columns
STRENGTHS = np.geomspace(1, 1e6, 61)  # of the beta prior, in customers
TINY = 1e-12  # stands for a share of 0
NEVER = frozenset({"A", "B"})  # classes of sensitive categories that are neither proposed nor used as a reason

PEOPLE = "affinity_people"  # view: customer_id, segment, paired
ITEMS = "affinity_items"  # view: category, item (0..c-1)
SPENT = "affinity_spent"  # table: segment, customer_id, paired, category, money
BOUGHT = "affinity_bought"  # table: segment, customer_id, paired, item; one row per customer and category he buys

MONEY = f"""
CREATE OR REPLACE TEMP TABLE {SPENT} AS
SELECT p.segment AS segment, p.customer_id AS customer_id, p.paired AS paired, d.category AS category, sum(t.amount) AS money
FROM {PEOPLE} AS p
JOIN transactions AS t ON t.customer_id = p.customer_id
JOIN products AS d ON d.product_id = t.product_id
WHERE t.local_timestamp < ? AND d.category IS NOT NULL
GROUP BY p.segment, p.customer_id, p.paired, d.category
"""
BREADTHS = f"(SELECT customer_id, segment, count(*) AS breadth FROM {BOUGHT} WHERE paired GROUP BY customer_id, segment)"


@dataclass(frozen=True, slots=True)
class Purchases:
    """Who buys what, counted: s segments, c categories, breadths 0..c (categories that a customer buys)."""

    segments: tuple[int, ...]
    categories: tuple[str, ...]
    customers: Ints  # (s,)
    buyers: Ints  # (s, c)
    breadth: Ints  # (s, c + 1) customers with each breadth, of those drawn for pairs, as are the next two
    one: Ints  # (s, c + 1, c) of them, buyers of each category
    both: Ints  # (s, c + 1, c, c) of them, buyers of each pair; symmetric, its diagonal is `one`


@dataclass(frozen=True, slots=True)
class Shares:
    """The share of each segment's customers who buy each category, (s, c): Beta(a, b)."""

    a: Floats
    b: Floats
    base: Floats  # (c,) share of all customers

    def quantile(self, p: float) -> Floats:
        """The share that lies above the true one with chance p, (s, c)."""
        return np.asarray(beta.ppf(p, self.a, self.b), dtype=np.float64)

    @property
    def mean(self) -> Floats:
        """Expected share, (s, c)."""
        return self.a / (self.a + self.b)

    def lift(self, share: Floats) -> Floats:
        """How many times that of all customers a share is, (s, c); the share of all counts as known."""
        return share / np.maximum(self.base, TINY)


@dataclass(frozen=True, slots=True)
class Pairs:
    """How often one segment's customers buy two categories together, (c, c) each; NaN where it cannot be told."""

    cosine: Floats
    log_odds: Floats  # log of the Mantel-Haenszel odds ratio
    error: Floats  # its standard error


def proposals(
    engine: Engine,
    tables: Tables,
    features: Features,
    segmentation: Segmentation,
    *,
    offers: Sequence[OfferSettings],
    sensitivity: Callable[[str], str],
) -> tuple[Proposal, ...]:
    """What the next offer to each segment could be about, at most MOST categories each, from what was bought before `features.as_of`.

    A customer buys a category when he paid more for it than he got back; where there are no transactions, when he spends more than the
    median customer in a numeric column of customers. Such columns are those that offers name as categories, and those that begin alike.

    Args:
        engine: where the tables are.
        tables: which there are.
        features: whose customers and moment are meant.
        segmentation: of the same customers.
        offers: what they are about needs no proposal.
        sensitivity: the class of a category by its name, "none" or a letter of the review policy.

    Returns:
        One proposal per segment in order, without categories where nothing is clear; () where nothing is known of what customers buy.
    """
    found = purchases(engine, tables, features, segmentation.segment, offers=offers, sensitivity=sensitivity)
    if found is None:
        return ()
    covered = {category for offer in offers for category in offer.categories}
    known = shares(found)
    sure = _surely_more(found, known)
    order = np.argsort(-known.lift(known.quantile(ERROR / 2)), axis=1, kind="stable")
    tried = features.outcome.offers if features.outcome else ()
    verbs = ("spend more than the median customer on", "spends more on") if wide(tables) else ("buy", "buys")
    circular = any(f.name in segmentation.inputs and (f.group == "category" or f.name in found.categories) for f in features.features)
    made = []
    for row, segment in enumerate(found.segments):
        best = [int(i) for i in order[row] if sure[row, i] and found.categories[i] not in covered]
        related = pairs(found, row)
        categories = tuple(_next(found, known, row, item=i, related=related) for i in best[:MOST])
        more = {found.categories[i] for i in np.flatnonzero(sure[row])}
        fitting = tuple(o.name for o in offers if more & set(o.categories) and not o.current and o.name not in tried)
        text = _text(categories, verbs, circular=circular)
        made.append(Proposal(segment, int(found.customers[row]), categories, fitting, text))
    return tuple(made)


def proposed(choice: Choice, made: tuple[Proposal, ...]) -> Choice:
    """The choice with proposals; a recommendation to test something else says them where no offer is about what the segment buys."""
    by_segment = {p.segment: p for p in made if p.categories and not p.fitting}
    told = tuple(
        replace(r, why=f"{r.why} {by_segment[r.segment].text}") if r.action in {"new_offer", "ab_test"} and r.segment in by_segment else r
        for r in choice.recommendations
    )
    return replace(choice, recommendations=told, proposals=made)


def wide(tables: Tables) -> bool:
    """Whether what customers buy is known only from columns of customers."""
    return not (tables.has("products", "category") and tables.has("transactions", "product_id"))


def purchases(
    engine: Engine,
    tables: Tables,
    features: Features,
    segment: Ints,
    *,
    offers: Sequence[OfferSettings],
    sensitivity: Callable[[str], str],
) -> Purchases | None:
    """Who buys which of the LARGEST categories that are not sensitive; None where nothing is known. The table BOUGHT stays.

    Args:
        engine: where the tables are.
        tables: which there are.
        features: whose customers and moment are meant.
        segment: (n,) the customers' segments.
        offers: whose categories name the columns of a wide table.
        sensitivity: the class of a category by its name.
    """
    n = len(segment)
    paired = np.ones(n, dtype=bool)
    if n > PAIRED:
        paired[np.random.default_rng(0).permutation(n)[PAIRED:]] = False
    people = {"customer_id": pa.array(features.customer_ids, pa.string()), "segment": segment, "paired": paired}
    engine.register(PEOPLE, pa.table(people))
    try:
        if wide(tables):
            categories = tuple(c for c in _columns(tables, offers) if sensitivity(c) not in NEVER)[:LARGEST]
            _above_median(engine, categories)
        else:
            engine.execute(MONEY, (features.as_of,))
            categories = _largest(engine, sensitivity)
            _paid(engine, categories)
    finally:
        engine.unregister(PEOPLE)
    return _counted(engine, categories, segment, paired=paired) if categories else None


def _columns(tables: Tables, offers: Sequence[OfferSettings]) -> tuple[str, ...]:
    """Columns of customers that tell what was bought: those that offers name, and numbers whose names begin as all of those do."""
    numbers = [name for name, kind in tables.columns("customers").items() if kind == "number"]
    named = {c for offer in offers for c in offer.categories if c in numbers}
    start = commonprefix(sorted(named)) if len(named) > 1 else ""  # noqa: RUF071 - of names, not of paths
    return tuple(c for c in numbers if c in named or (len(start) >= PREFIX and c.startswith(start)))


def _largest(engine: Engine, sensitivity: Callable[[str], str]) -> tuple[str, ...]:
    rows = engine.rows(
        # rounded: the last digits of sums must not decide between equal ones
        f"SELECT category FROM {SPENT} WHERE money > 0e0 GROUP BY category ORDER BY round(sum(money), 6) DESC NULLS LAST, category"
    )
    return tuple(category for (category,) in rows if sensitivity(category) not in NEVER)[:LARGEST]


def _paid(engine: Engine, categories: tuple[str, ...]) -> None:
    engine.register(ITEMS, pa.table({"category": pa.array(categories, pa.string()), "item": np.arange(len(categories))}))
    try:
        engine.keep(
            BOUGHT,
            f"SELECT s.segment AS segment, s.customer_id AS customer_id, s.paired AS paired, i.item AS item"
            f" FROM {SPENT} AS s JOIN {ITEMS} AS i ON i.category = s.category WHERE round(s.money, 6) > 0e0",
        )
    finally:
        engine.unregister(ITEMS)
        engine.drop(SPENT)


def _above_median(engine: Engine, columns: tuple[str, ...]) -> None:
    joined = f"{PEOPLE} AS p JOIN customers AS c ON c.customer_id = p.customer_id"
    buyers = (
        f"SELECT p.segment AS segment, p.customer_id AS customer_id, p.paired AS paired, {item} AS item FROM {joined}"
        f" WHERE c.{quoted(name)} > (SELECT median(c.{quoted(name)}) FROM {joined})"
        for item, name in enumerate(columns)
    )
    if columns:
        engine.keep(BOUGHT, " UNION ALL ".join(buyers))


def _counted(engine: Engine, categories: tuple[str, ...], segment: Ints, *, paired: Mask) -> Purchases:
    segments, customers = np.unique(segment, return_counts=True)
    c = len(categories)
    lines = f"SELECT b.*, w.breadth AS breadth FROM {BOUGHT} AS b JOIN {BREADTHS} AS w ON w.customer_id = b.customer_id WHERE b.paired"
    buyers = _filled(engine, f"SELECT segment, item, count(*) FROM {BOUGHT} GROUP BY segment, item", segments, (c,))
    breadth = _filled(engine, f"SELECT segment, breadth, count(*) FROM {BREADTHS} AS w GROUP BY segment, breadth", segments, (c + 1,))
    breadth[:, 0] = [int((paired & (segment == s)).sum()) for s in segments] - breadth.sum(axis=1)
    both = _filled(
        engine,
        f"SELECT x.segment, x.breadth, x.item, y.item, count(*) FROM ({lines}) AS x JOIN {BOUGHT} AS y"
        " ON y.customer_id = x.customer_id GROUP BY x.segment, x.breadth, x.item, y.item",
        segments,
        (c + 1, c, c),
    )
    one = np.diagonal(both, axis1=2, axis2=3)
    return Purchases(tuple(int(s) for s in segments), categories, customers, buyers, breadth, one, both)


def _filled(engine: Engine, sql: str, segments: Ints, shape: tuple[int, ...]) -> Ints:
    """Counts by segment and codes, as an array (s, *shape)."""
    counts = np.zeros((len(segments), *shape), dtype=np.int64)
    rows = np.array(engine.rows(sql), dtype=np.int64).reshape(-1, len(shape) + 2).T
    counts[(np.searchsorted(segments, rows[0]), *rows[1:-1])] = rows[-1]
    return counts


def shares(found: Purchases) -> Shares:
    """The segments' shares of buyers, drawn to those of all customers by the likeliest strength."""
    n = found.customers[:, None].astype(np.float64)
    base = found.buyers.sum(axis=0) / n.sum()
    told = (base > 0) & (base < 1)
    m = strength(found.buyers[:, told], n, base[told])
    inner = np.clip(base, TINY, 1 - TINY)
    return Shares(found.buyers + m * inner, n - found.buyers + m * (1 - inner), base)


def strength(buyers: Ints, customers: Floats, base: Floats) -> float:
    """How many customers the mean of all weighs: m of the likeliest beta-binomial, of STRENGTHS.

    Args:
        buyers: (s, c) of each segment and category.
        customers: (s, 1) of each segment.
        base: (c,) shares of all customers, above 0 and below 1.
    """

    def likelihood(m: float) -> float:
        a, b = m * base, m * (1 - base)
        return float((betaln(buyers + a, customers - buyers + b) - betaln(a, b)).sum())

    return float(max(STRENGTHS, key=likelihood))


def pairs(found: Purchases, row: int) -> Pairs:
    """How often customers of one segment (a row of the counts) buy two categories together.

    The odds ratio compares customers who buy equally many categories beside the two: with k others, who buys both has breadth k + 2,
    who buys one k + 1, who buys none k.
    """
    n, one, both = (x[row].astype(np.float64) for x in (found.breadth, found.one, found.both))
    a, b = one[:, :, None], one[:, None, :]
    yes = both[2:]
    only_a, only_b = (a - both)[1:-1], (b - both)[1:-1]
    no = (n[:, None, None] - a - b + both)[:-2]
    total = np.maximum(yes + only_a + only_b + no, 1)  # where nobody is, the products below are 0
    R, S = yes * no / total, only_a * only_b / total
    P, Q = (yes + no) / total, (only_a + only_b) / total
    r, s = R.sum(axis=0), S.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (P * R).sum(axis=0) / (2 * r**2) + (P * S + Q * R).sum(axis=0) / (2 * r * s) + (Q * S).sum(axis=0) / (2 * s**2)
        log_odds = np.where((r > 0) & (s > 0), np.log(r / s), np.nan)
        cosine = both.sum(axis=0) / np.sqrt(np.outer(one.sum(axis=0), one.sum(axis=0)))
    np.fill_diagonal(log_odds, np.nan)
    return Pairs(cosine, log_odds, np.sqrt(variance))


def _surely_more(found: Purchases, known: Shares) -> Mask:
    """Which categories each segment surely and much more buys than all customers, (s, c), counting that all are looked at."""
    low = known.quantile(ERROR / 2 / found.buyers.size)
    return np.asarray((low > known.base) & (known.lift(known.mean) >= MUCH) & (found.buyers >= FEWEST))


def _next(found: Purchases, known: Shares, row: int, *, item: int, related: Pairs) -> NextCategory:
    ends = known.mean, known.quantile(ERROR / 2), known.quantile(1 - ERROR / 2)
    share, low, high = (float(end[row, item]) for end in ends)
    lift, lift_low, lift_high = (float(known.lift(end)[row, item]) for end in ends)
    companion = _companion(found, related, item, tests=found.buyers.size * len(found.categories))
    name, buyers = found.categories[item], int(found.buyers[row, item])
    return NextCategory(name, buyers, share, low, high, float(known.base[item]), lift, lift_low, lift_high, companion)


def _companion(found: Purchases, related: Pairs, item: int, *, tests: int) -> Companion | None:
    """What is bought together with a category most surely."""
    log_odds, error = related.log_odds[item], related.error[item]
    low = log_odds - norm.isf(ERROR / 2 / tests) * error
    if np.isnan(low).all() or np.nanmax(low) <= 0:
        return None
    with_it = int(np.nanargmax(low))
    half = norm.isf(ERROR / 2) * error[with_it]
    ends = (float(np.exp(log_odds[with_it] + d)) for d in (0, -half, half))
    return Companion(found.categories[with_it], float(related.cosine[item, with_it]), *ends)


def _text(categories: Sequence[NextCategory], verbs: tuple[str, str], *, circular: bool) -> str:
    if not categories:
        return "Nothing is clear: there is no category without an offer that these customers surely buy much more than all customers do."
    made = " The segments were made from what customers buy, so that they differ in it by construction." if circular else ""
    told = "; ".join(_sentence(c, verbs) for c in categories)
    return (
        f"No offer is about what these customers surely buy much more than all customers do: {told}. "
        f"That they buy it already does not prove that an offer sells more of it: test it.{made}"
    )


def _sentence(c: NextCategory, verbs: tuple[str, str]) -> str:
    plural, singular = verbs
    words = (
        f"{percent(c.share)} {plural} {c.category} (95 % interval {percent(c.low)} to {percent(c.high)}), "
        f"{c.lift:.2f} times the {percent(c.base)} of all customers ({c.lift_low:.2f} to {c.lift_high:.2f})"
    )
    if c.companion is None:
        return words
    p = c.companion
    odds = f"odds {p.odds_ratio:.1f} times, {p.low:.1f} to {p.high:.1f}"
    return f"{words}, and who {singular} it {singular} {p.category} as well more often than chance ({odds})"
