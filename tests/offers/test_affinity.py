"""What the next offer could be about: figures by hand, what must be found and what must not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import betabinom

from netlift.catalogue import sensitivity
from netlift.engine import Engine
from netlift.offers.affinity import FEWEST, STRENGTHS, pairs, proposals, proposed, purchases, shares, strength
from netlift.offers.affinity import Purchases as Counts
from netlift.records import Choice, Feature, Ints, Proposal, Recommendation, TableInput, Tables
from netlift.settings import OfferSettings
from tests.offers.conftest import AS_OF, KINDS, Grocer, made_features, made_outcome, made_segmentation, texts

Bought = np.ndarray  # (n, c) 1 = customer buys the category


def tables_of(engine: Engine, tables: Mapping[str, pa.Table]) -> Tables:
    """The tables in the engine, and what is said of them."""
    for name, table in tables.items():
        engine.register(name, table)
    return Tables(
        tuple(
            TableInput(name, "test", t.num_rows, t.num_rows, 0, 0, "", {f.name: KINDS.get(str(f.type), "text") for f in t.schema})
            for name, t in tables.items()
        )
    )


def ids(n: int) -> list[str]:
    return [f"{i:06d}" for i in range(n)]


def shop(engine: Engine, bought: Bought, categories: Sequence[str], *, moment: datetime = AS_OF - timedelta(days=1)) -> Tables:
    """One line for every category that a customer buys."""
    customer, item = np.nonzero(bought)
    lines = {
        "customer_id": np.array(ids(len(bought)))[customer],
        "product_id": [f"p{i}" for i in item],
        "amount": np.ones(len(item)),
        "local_timestamp": pa.array([moment] * len(item), pa.timestamp("us")),
    }
    products = {"product_id": [f"p{i}" for i in range(len(categories))], "category": list(categories)}
    return tables_of(engine, {"transactions": pa.table(lines), "products": pa.table(products)})


def made(
    engine: Engine,
    tables: Tables,
    segment: Sequence[int] | Ints,
    *given: OfferSettings,
    inputs: Sequence[str] = (),
) -> tuple[Proposal, ...]:
    """The proposals of a world."""
    known = made_features(ids(len(segment)), outcome=made_outcome([1] * len(segment), [0] * len(segment)))
    known = replace(known, features=tuple(Feature(name, "share", "", "category", "") for name in inputs))
    found = made_segmentation(np.asarray(segment), *inputs)
    return proposals(engine, tables, known, found, offers=given, sensitivity=sensitivity)


def counted(engine: Engine, bought: Bought, segment: Ints) -> Counts:
    tables = shop(engine, bought, [f"c{i}" for i in range(bought.shape[1])])
    found = purchases(engine, tables, made_features(ids(len(segment))), segment, offers=(), sensitivity=sensitivity)
    assert found is not None
    return found


def planted(rng: np.random.Generator, n: int = 2_000) -> tuple[Bought, Ints]:
    """Two segments; the first buys fish three times as often, and in both who buys fish buys lemons."""
    segment = np.repeat([1, 2], n // 2)
    bought = (rng.random((n, 8)) < 0.4).astype(int)
    bought[:, 0] = rng.random(n) < np.where(segment == 1, 0.45, 0.15)
    bought[:, 1] = rng.random(n) < np.where(bought[:, 0] == 1, 0.7, 0.3)
    return bought, segment


NAMES = ["fish", "lemons", "bread", "milk", "tea", "soap", "paper", "bulbs"]


def test_counts_by_hand(engine: Engine) -> None:
    """Customers, buyers, breadths and pairs of four customers in two segments."""
    bought = np.array([[1, 1, 0], [1, 1, 1], [0, 0, 0], [0, 1, 1]])
    found = counted(engine, bought, np.array([1, 1, 2, 2]))
    order = [found.categories.index(f"c{i}") for i in range(3)]
    assert found.customers.tolist() == [2, 2]
    assert found.buyers[:, order].tolist() == [[2, 2, 1], [0, 1, 1]]
    assert found.breadth.tolist() == [[0, 0, 1, 1], [1, 0, 1, 0]]
    assert found.one.sum(axis=1)[:, order].tolist() == [[2, 2, 1], [0, 1, 1]]
    assert found.both[0].sum(axis=0)[np.ix_(order, order)].tolist() == [[2, 2, 1], [2, 2, 1], [1, 1, 1]]
    assert (found.both == found.both.transpose(0, 1, 3, 2)).all()


def test_the_odds_ratio_of_one_stratum_is_woolfs(engine: Engine) -> None:
    """With two categories there is one stratum: ad / bc, its error the root of 1/a + 1/b + 1/c + 1/d, and the cosine by hand."""
    bought = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], [40, 20, 10, 30], axis=0)
    told = pairs(counted(engine, bought, np.zeros(100, dtype=int)), 0)
    assert np.exp(told.log_odds[0, 1]) == pytest.approx(40 * 30 / (20 * 10))
    assert told.error[0, 1] == pytest.approx((1 / 40 + 1 / 20 + 1 / 10 + 1 / 30) ** 0.5)
    assert told.cosine[0, 1] == pytest.approx(40 / (60 * 50) ** 0.5)


def test_the_odds_ratio_of_two_strata_is_mantels_and_haenszels(engine: Engine) -> None:
    """Customers with and without a third category are compared among themselves: sum of ad / n over sum of bc / n."""
    without, with_ = [12, 8, 6, 24], [30, 10, 9, 11]
    one = np.repeat([[1, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]], without, axis=0)
    two = np.repeat([[1, 1, 1], [1, 0, 1], [0, 1, 1], [0, 0, 1]], with_, axis=0)
    found = counted(engine, np.concatenate([one, two]), np.zeros(110, dtype=int))
    a, b = found.categories.index("c0"), found.categories.index("c1")
    expected = (12 * 24 / 50 + 30 * 11 / 60) / (8 * 6 / 50 + 10 * 9 / 60)
    told = pairs(found, 0)
    assert np.exp(told.log_odds[a, b]) == pytest.approx(expected)
    assert told.log_odds[a, b] == told.log_odds[b, a]


def test_who_buys_much_is_not_taken_for_affinity(engine: Engine) -> None:
    """Two kinds of customers, who buy much or little of everything: the cosine is high, the odds ratio says chance."""
    rng = np.random.default_rng(1)
    much = rng.random(4_000) < 0.5
    bought = (rng.random((4_000, 30)) < np.where(much, 0.8, 0.2)[:, None]).astype(int)
    told = pairs(counted(engine, bought, np.zeros(4_000, dtype=int)), 0)
    off = ~np.eye(30, dtype=bool)
    assert told.cosine[off].min() > 0.6
    assert abs(np.median(told.log_odds[off])) < 0.05
    assert np.mean(np.abs(told.log_odds[off]) > 1.96 * told.error[off]) < 0.1


def test_the_strength_is_the_likeliest() -> None:
    """The likelihood is scipy's, and segments that differ as a known beta prior says have about its strength."""
    rng = np.random.default_rng(2)
    base, customers = np.linspace(0.1, 0.6, 40), np.full((30, 1), 400.0)
    buyers = rng.binomial(400, rng.beta(50 * base, 50 * (1 - base), (30, 40)))
    found = strength(buyers, customers, base)
    assert 40 < found < 63
    by_scipy = [betabinom.logpmf(buyers, 400, m * base, m * (1 - base)).sum() for m in STRENGTHS]
    assert found == STRENGTHS[int(np.argmax(by_scipy))]


def test_shares_lie_between_the_segments_own_and_that_of_all(engine: Engine) -> None:
    """Drawn to the mean: never beyond either; a small segment more than a large one; quantiles in order."""
    rng = np.random.default_rng(3)
    segment = np.repeat([1, 2, 3], [1_000, 960, 40])
    bought = (rng.random((2_000, 6)) < np.array([0, 0.5, 0.4, 0.2])[segment][:, None]).astype(int)
    found = counted(engine, bought, segment)
    told = shares(found)
    own = found.buyers / found.customers[:, None]
    assert ((told.mean - own) * (told.mean - told.base) <= 0).all()
    drawn = np.abs(told.mean - own) / np.abs(own - told.base)
    assert (drawn[2] > drawn[0]).all()
    assert (told.quantile(0.025) < told.mean).all()
    assert (told.mean < told.quantile(0.975)).all()
    assert told.lift(told.base) == pytest.approx(1)


def test_what_is_planted_is_found(engine: Engine) -> None:
    """The first segment's fish with lift, interval and lemons beside it; nothing for the second, and the words say so."""
    bought, segment = planted(np.random.default_rng(4))
    first, second = made(engine, shop(engine, bought, NAMES), segment)
    fish = first.categories[0]
    assert (fish.category, fish.buyers) == ("fish", int(bought[segment == 1, 0].sum()))
    assert fish.base == pytest.approx(bought[:, 0].mean())
    assert 1.2 < fish.lift_low < fish.lift < fish.lift_high < 1.8
    assert fish.low < fish.share < fish.high
    assert fish.companion is not None
    assert fish.companion.category == "lemons"
    assert fish.companion.low < 0.7 * 0.7 / (0.3 * 0.3) < fish.companion.high
    assert f"{100 * fish.share:.1f} % buy fish (95 % interval" in first.text
    assert "who buys it buys lemons as well more often than chance" in first.text
    assert (second.segment, second.categories) == (2, ())
    assert second.text.startswith("Nothing is clear")


def test_what_an_offer_is_about_is_not_proposed(engine: Engine) -> None:
    """An offer of fish leaves nothing to propose; never sent, it fits; sent or current, it does not."""
    bought, segment = planted(np.random.default_rng(4))
    tables = shop(engine, bought, NAMES)
    new, current, sent = (
        OfferSettings(name=n, current=c, categories=("fish",)) for n, c in (("New", False), ("Now", True), ("Old", False))
    )
    for given, fitting in ((new, ("New",)), (current, ()), (sent, ())):
        told = made(engine, tables, segment, given)
        assert not {c.category for p in told for c in p.categories} & {"fish"}
        assert [p.fitting for p in told] == [fitting, ()]


def test_independent_purchases_give_nothing() -> None:
    """Of 100 worlds without any difference at most 5 have a proposal or call any pair more than chance."""
    rng = np.random.default_rng(5)
    proposing = pairing = 0
    for _ in range(100):
        segment = rng.integers(1, 5, 1_200)
        bought = (rng.random((1_200, 12)) < rng.uniform(0.05, 0.6, 12)).astype(int)
        with Engine() as engine:
            tables = shop(engine, bought, [f"c{i}" for i in range(12)])
            proposing += any(p.categories for p in made(engine, tables, segment))
            pairing += _any_pair(counted(engine, bought, segment))
    assert proposing <= 5
    assert pairing <= 5


def test_true_differences_bring_no_false_ones_with_them() -> None:
    """Of 100 worlds where segments differ much in four categories at most 5 propose one of twenty in which they do not."""
    rng = np.random.default_rng(8)
    wrong = 0
    for _ in range(100):
        segment = rng.integers(1, 5, 1_200)
        bought = (rng.random((1_200, 24)) < rng.uniform(0.1, 0.4, 24)).astype(int)
        bought[:, :4] = rng.random((1_200, 4)) < np.where(segment[:, None] == np.arange(1, 5), 0.8, 0.1)
        with Engine() as engine:
            told = made(engine, shop(engine, bought, [f"c{i}" for i in range(24)]), segment)
        assert [p.categories[0].category for p in told] == ["c0", "c1", "c2", "c3"]
        wrong += any(len(p.categories) > 1 for p in told)
    assert wrong <= 5


def _any_pair(found: Counts) -> bool:
    """Whether a companion would be named for any category."""
    from netlift.offers.affinity import _companion

    tests = found.buyers.size * len(found.categories)
    related = [pairs(found, row) for row in range(len(found.segments))]
    return any(_companion(found, r, item, tests=tests) for r in related for item in range(len(found.categories)))


def test_nothing_later_is_known(engine: Engine) -> None:
    """Purchases at the features' moment and later change no figure."""
    bought, segment = planted(np.random.default_rng(6))
    before = made(engine, shop(engine, bought, NAMES), segment)
    tables = shop(engine, bought, NAMES)
    early = engine.arrow("SELECT * FROM transactions")
    later = shop(engine, np.ones_like(bought), NAMES, moment=AS_OF)
    engine.register("transactions", pa.concat_tables([early, engine.arrow("SELECT * FROM transactions")]))
    assert made(engine, later, segment) == before
    assert made(engine, shop(engine, bought, NAMES, moment=AS_OF), segment) == ()
    assert tables.has("products", "category")


def test_what_was_given_back_was_not_bought(engine: Engine) -> None:
    """Who took all his fish back buys none: of the first segment everybody, so that the second buys more."""
    bought, segment = planted(np.random.default_rng(7))
    tables = shop(engine, bought, NAMES)
    lines = engine.arrow("SELECT * FROM transactions")
    returned = "SELECT customer_id, product_id, -amount AS amount, local_timestamp FROM transactions WHERE product_id = 'p0'"
    back = engine.arrow(f"{returned} AND customer_id < '001000'")
    engine.register("transactions", pa.concat_tables([lines, back.cast(lines.schema)]))
    assert [[c.category for c in p.categories] for p in made(engine, tables, segment)] == [[], ["fish"]]


@pytest.mark.parametrize("name", ["PHARMACY", "Pregnancy tests", "Lottery tickets"])
def test_sensitive_categories_are_neither_proposed_nor_a_reason(engine: Engine, name: str) -> None:
    """Classes A and B: neither as the planted category nor as what is bought with it."""
    bought, segment = planted(np.random.default_rng(4))
    assert not any(p.categories for p in made(engine, shop(engine, bought, [name, *NAMES[1:]]), segment))
    (first, _) = made(engine, shop(engine, bought, [NAMES[0], name, *NAMES[2:]]), segment)
    assert first.categories[0].companion is None
    assert name not in first.text


def test_few_buyers_are_no_audience(engine: Engine) -> None:
    """A category that only the first segment buys, but hardly anybody."""
    segment = np.repeat([1, 2], 1_000)
    bought = np.zeros((2_000, 2), dtype=int)
    bought[::2, 1] = 1
    bought[: FEWEST - 1, 0] = 1
    assert not any(p.categories for p in made(engine, shop(engine, bought, ["rare", "usual"]), segment))
    bought[:FEWEST, 0] = 1
    assert [len(p.categories) for p in made(engine, shop(engine, bought, ["rare", "usual"]), segment)] == [1, 0]


def test_a_sure_but_small_difference_is_no_proposal(engine: Engine) -> None:
    """1.1 times the share of all, of ever so many customers."""
    segment = np.repeat([1, 2], 20_000)
    bought = (np.arange(40_000) % 100 < np.where(segment == 1, 55, 45))[:, None].astype(int)
    assert not any(p.categories for p in made(engine, shop(engine, bought, ["bread"]), segment))


def test_without_segments_nothing_is_more_than_all(engine: Engine) -> None:
    """Everybody in segment 0: a share is that of all."""
    bought, _ = planted(np.random.default_rng(4))
    (all_of_them,) = made(engine, shop(engine, bought, NAMES), np.zeros(len(bought), dtype=int))
    assert (all_of_them.segment, all_of_them.categories) == (0, ())


def test_segments_made_of_purchases_are_called_so(engine: Engine) -> None:
    """Where a share of spending is an input, the words say that the difference is by construction."""
    bought, segment = planted(np.random.default_rng(4))
    tables = shop(engine, bought, NAMES)
    assert "by construction" in made(engine, tables, segment, inputs=["share_fish"])[0].text
    assert "by construction" not in made(engine, tables, segment)[0].text


def test_quotes_in_names_are_only_names(engine: Engine) -> None:
    """Categories and columns with quotes and semicolons are found like others."""
    bought, segment = planted(np.random.default_rng(4))
    odd = """fish'"; DROP TABLE products; --"""
    assert made(engine, shop(engine, bought, [odd, *NAMES[1:]]), segment)[0].categories[0].category == odd
    engine.unregister("transactions")
    columns = {name: bought[:, i].astype(float) for i, name in enumerate([odd, "bread"])}
    tables = tables_of(engine, {"customers": pa.table({"customer_id": ids(len(bought)), **columns})})
    told = made(engine, tables, segment, OfferSettings(name="O", categories=(odd, "bread")))
    assert told[0].fitting == ("O",)


def test_columns_of_customers_stand_for_categories(engine: Engine, grocer: Grocer) -> None:
    """GetAllMart: a column no offer names is known by its beginning, the others fit; spending more than the median customer counts."""
    tables = tables_of(engine, {"customers": grocer.table})
    known = made_features(grocer.table["customer_id"].to_pylist())
    given = (
        OfferSettings(name="Wine and meat", current=True, categories=("MntWines", "MntMeatProducts")),
        OfferSettings(name="Fruit, fish, sweets", categories=("MntFruits", "MntFishProducts", "MntSweetProducts")),
    )
    told = proposals(engine, tables, known, made_segmentation(grocer.segment), offers=given, sensitivity=sensitivity)
    assert {c.category for p in told for c in p.categories} == {"MntGoldProds"}
    gold = grocer.table["MntGoldProds"].to_numpy()
    first = told[0].categories[0]
    assert first.buyers == int((gold[grocer.segment == 1] > np.median(gold)).sum())
    assert "spend more than the median customer on MntGoldProds" in told[0].text
    assert told[0].fitting == ("Fruit, fish, sweets",)
    assert told[2].categories == ()


def test_nothing_is_known_without_purchases(engine: Engine) -> None:
    """Neither products nor columns that an offer names: no proposals, and no sentence about any."""
    tables = tables_of(engine, {"customers": pa.table({"customer_id": ids(4), "Age": [1.0, 2.0, 3.0, 4.0]})})
    assert made(engine, tables, [1, 1, 2, 2], OfferSettings(name="O", categories=("bread",))) == ()


def test_many_customers_are_counted_and_a_lot_of_them_paired(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shares are of everybody; pairs of the customers drawn, the same ones each time."""
    monkeypatch.setattr("netlift.offers.affinity.PAIRED", 500)
    bought, segment = planted(np.random.default_rng(4))
    found = counted(engine, bought, segment)
    assert found.buyers.sum() == bought.sum()
    assert found.breadth.sum() == 500
    assert (found.one == counted(engine, bought, segment).one).all()


def test_the_advice_says_proposals_only_where_nothing_else_fits(engine: Engine) -> None:
    """A new offer or a test in a segment with a proposal and no fitting offer says it; keep and do not target do not."""
    bought, segment = planted(np.random.default_rng(4))
    told = made(engine, shop(engine, bought, NAMES), segment)
    none = texts([None] * 2)
    for action in ("keep", "new_offer", "ab_test", "do_not_target"):
        advice = tuple(Recommendation(s, action, (), None, None, None, "Because.") for s in (1, 2))
        choice = Choice(advice, none, none, np.zeros(2), none, none, np.zeros(2, int), np.zeros(2, int))
        after = proposed(choice, told)
        assert after.proposals == told
        assert after.recommendations[1].why == "Because."
        assert ("fish" in after.recommendations[0].why) == (action in {"new_offer", "ab_test"})
        fits = tuple(replace(p, fitting=("New",)) for p in told)
        assert proposed(choice, fits).recommendations == advice
