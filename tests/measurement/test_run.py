"""A run's own arms: sales after sending, treated against held out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from netlift.engine import Engine
from netlift.measurement import measure_run, run_sentence
from netlift.measurement.arms import Metric, Moments, Plan, compare
from netlift.records import Audience, Estimate, Floats
from netlift.settings import ResponseSettings
from tests.measurement.worlds import canonical, shop

SENT = datetime(2024, 3, 1, 9)  # noqa: DTZ001 - naive UTC, as in the records
N, HELD = 600, 300
SALES = canonical(transactions="")


def sales(lift: float, seed: int = 1) -> tuple[Floats, Floats]:
    """Sales of N customers in the 30 days before and after; the last N − HELD are treated."""
    random = np.random.default_rng(seed)
    before = random.gamma(2, 20, N)
    after = (0.8 * before + random.gamma(2, 8, N)) * np.where(np.arange(N) < HELD, 1.0, 1 + lift)
    return before, after


def people(*, held: int = HELD, excluded: int = 0) -> Audience:
    """The first `held` are held out, the last `excluded` are excluded, all others treated."""
    arm = np.array(["holdout"] * held + ["treated"] * (N - held - excluded) + [None] * excluded, dtype=object)
    why = np.array([None] * (N - excluded) + ["no consent"] * excluded, dtype=object)
    none, zeros = np.full(N, None, dtype=object), np.zeros(N)
    ids = np.array([f"C{i:04}" for i in range(N)], dtype=object)
    return Audience(ids, zeros.astype(np.int64), none, none, arm, zeros, why)


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as made:
        yield made


def sold(engine: Engine, *parts: tuple[Floats, datetime]) -> None:
    """Put each part's sales, one a customer, at its time into the transactions."""
    ids = [f"C{i:04}" for i in range(N)]
    tables = [
        pa.table({"customer_id": ids, "timestamp": pa.array([when] * N, pa.timestamp("us")), "amount": amounts}) for amounts, when in parts
    ]
    engine.register("transactions", pa.concat_tables(tables))


def measured(engine: Engine, audience: Audience | None = None) -> tuple[Estimate, ...]:
    return measure_run(shop(), engine, SALES, run_id="7", audience=audience or people(), sent_at=SENT)


def test_the_arms_are_compared_on_sales_after_sending(engine: Engine) -> None:
    """Both estimates are those of the customers' own totals, and the money is difference x treated customers."""
    before, after = sales(0.2)
    sold(engine, (before, SENT - timedelta(days=29)), (after, SENT + timedelta(days=30)))
    plain, sharp = measured(engine)
    arms = Moments.of(after[:HELD], x=before[:HELD]), Moments.of(after[HELD:], x=before[HELD:])
    for estimate, covariate in ((plain, False), (sharp, True)):
        expected = compare(Metric("sales", covariate=covariate), arms, Plan(primary="relative"))
        wanted = (expected.relative_lift, expected.relative_low, expected.relative_high)
        assert (estimate.lift, estimate.low, estimate.high) == pytest.approx(wanted, rel=1e-9)
        assert estimate.incremental_sales == pytest.approx((expected.difference or 0) * (N - HELD), rel=1e-9)
        ends = [end * after[:HELD].mean() * (N - HELD) for end in (estimate.low or 0, estimate.high or 0)]
        assert [estimate.incremental_low, estimate.incremental_high] == pytest.approx(ends, rel=1e-9)
    assert sharp.low is not None
    assert sharp.low < 0.2 < (sharp.high or 0)
    assert {(e.scope, e.evidence, e.customers) for e in (plain, sharp)} == {("7", "randomised", N - HELD)}


def test_sales_outside_the_two_periods_do_not_count(engine: Engine) -> None:
    """Purchases before the time before, however large, change nothing."""
    before, after = sales(0.1)
    parts = ((before, SENT - timedelta(days=10)), (after, SENT + timedelta(days=20)))
    sold(engine, *parts)
    first = measured(engine)
    sold(engine, *parts, (1e6 * before, SENT - timedelta(days=20)))
    assert [e.lift for e in measured(engine)] == pytest.approx([e.lift for e in first], rel=1e-9)


def test_the_excluded_are_in_no_arm(engine: Engine) -> None:
    """Excluded customers count neither as treated nor as held out."""
    before, after = sales(0.1)
    sold(engine, (before, SENT - timedelta(days=29)), (after, SENT + timedelta(days=30)))
    assert {e.customers for e in measured(engine, people(excluded=100))} == {N - HELD - 100}


def test_before_any_sale_there_is_no_lift(engine: Engine) -> None:
    """Right after sending the estimates say that sales are still to come, and since when."""
    sold(engine, (sales(0)[0], SENT - timedelta(days=3)))
    reason = "cannot be estimated yet, because no sales after 2024-03-01 09:00 UTC are in the data"
    assert [(e.lift, e.warnings) for e in measured(engine)] == [(None, (reason,))] * 2
    assert run_sentence(measured(engine)) == f"The lift of this run {reason}."


@pytest.mark.parametrize(("held", "says"), [(0, "nobody was held out"), (N, "nobody was treated")])
def test_one_arm_is_no_comparison(engine: Engine, held: int, says: str) -> None:
    """Without a holdout, or with nothing but, there is no lift, and the estimate says so."""
    sold(engine, (sales(0)[0], SENT + timedelta(days=3)))
    assert all(says in e.warnings[0] for e in measured(engine, people(held=held)))


def test_an_empty_table_and_no_table_say_so(engine: Engine) -> None:
    """No transactions at all is a reason, not an error: the report of the run is still written."""
    engine.register("transactions", pa.table({"timestamp": pa.array([], pa.timestamp("us"))}))
    assert "no sales after" in measured(engine)[0].warnings[0]
    without = measure_run(shop(), engine, canonical(customers=""), run_id="7", audience=people(), sent_at=SENT)
    assert "transactions is not given" in without[0].warnings[0]


def test_a_small_holdout_with_rare_purchases_is_compared_by_permutation(engine: Engine) -> None:
    """30 held out of 600 with rare big baskets, which the holdout missed: the wide interval of the permutation test, and why."""
    random = np.random.default_rng(2)
    rare = np.where(random.random(N) < 0.3, random.lognormal(3, 1.3, N), 0.0)
    rare[:30] = rare[30:60].clip(5, 60)
    sold(engine, (rare, SENT - timedelta(days=5)), (rare, SENT + timedelta(days=5)))
    plain = measured(engine, people(held=30))[0]
    assert plain.low is not None
    assert plain.low < 0 < (plain.high or 0)
    assert any("compared by permutation, because arms of 30 and 570 customers are too unequal" in text for text in plain.warnings)


def test_no_buyer_in_the_holdout_is_said(engine: Engine) -> None:
    """An estimate without a buyer held out is none, and the warning gives the number of customers."""
    after = sales(0)[1]
    after[:HELD] = 0
    sold(engine, (after, SENT + timedelta(days=5)))
    plain = measured(engine)[0]
    assert plain.lift is None
    assert plain.warnings[0].startswith("cannot be estimated, because none of the 300 customers")


@pytest.mark.parametrize(("lift", "says"), [(0.5, "the run raised sales"), (-0.5, "the run lowered sales"), (0.0, "told from chance")])
def test_the_sentence_follows_the_interval(engine: Engine, lift: float, says: str) -> None:
    """A clear rise, a clear fall and nothing clear are told apart."""
    before, after = sales(lift)
    sold(engine, (before, SENT - timedelta(days=29)), (after, SENT + timedelta(days=30)))
    assert says in run_sentence(measured(engine))


def in_two_segments() -> Audience:
    """Every other customer is in segment 2; half of each segment is held out, all treated get a message."""
    whole = people()
    channel = np.array(["email" if arm == "treated" else None for arm in whole.arm], dtype=object)
    why = np.array(["holdout" if arm == "holdout" else None for arm in whole.arm], dtype=object)
    return replace(whole, segment=1 + np.arange(N) % 2, channel=channel, excluded_reason=why)


def test_each_segment_has_its_own_lift(engine: Engine) -> None:
    """After the whole run come its segments, each as if its customers were alone; the sentence speaks of the whole."""
    before, after = sales(0.2)
    sold(engine, (before, SENT - timedelta(days=29)), (after, SENT + timedelta(days=30)))
    found = measured(engine, in_two_segments())
    assert [e.scope for e in found[::2]] == ["7", "7, segment 1", "7, segment 2"]
    assert [e.lift for e in found[:2]] == pytest.approx([e.lift for e in measured(engine)], rel=1e-9)
    for part, first in ((found[3], 0), (found[5], 1)):
        control, treated = (Moments.of(after[of], x=before[of]) for of in (slice(first, HELD, 2), slice(HELD + first, None, 2)))
        expected = compare(Metric("sales", covariate=True), (control, treated), Plan(primary="relative"))
        assert part.lift == pytest.approx(expected.relative_lift, rel=1e-9)
        assert any(w.startswith("One of 2 segments") for w in part.warnings)
    assert run_sentence(found) == run_sentence(found[:2])


def test_a_runs_profit_is_that_of_its_messages(engine: Engine) -> None:
    """300 messages at 0.5 and a margin of 40 %: point and both ends, for the run and for each segment."""
    before, after = sales(0.2)
    sold(engine, (before, SENT - timedelta(days=29)), (after, SENT + timedelta(days=30)))
    priced = shop().model_copy(update={"response": ResponseSettings(contact_cost=0.5, revenue=1.0, margin=0.4)})
    for e in measure_run(priced, engine, SALES, run_id="7", audience=in_two_segments(), sent_at=SENT):
        spent = 0.5 * (N - HELD) / (1 if e.scope == "7" else 2)
        assert e.incremental_profit == pytest.approx(0.4 * (e.incremental_sales or 0) - spent)
        assert (e.profit_low, e.profit_high) == pytest.approx(
            tuple(0.4 * (s or 0) - spent for s in (e.incremental_low, e.incremental_high))
        )
        assert e.return_on_spend == pytest.approx((e.incremental_profit or 0) / spent)


def test_a_segment_without_a_holdout_says_so(engine: Engine) -> None:
    """Nobody of segment 2 was held out: its lift cannot be estimated, that of the run and of segment 1 can."""
    before, after = sales(0.2)
    sold(engine, (before, SENT - timedelta(days=29)), (after, SENT + timedelta(days=30)))
    apart = replace(people(), segment=1 + (np.arange(N) >= HELD + 200).astype(np.int64))
    found = {(e.scope, e.estimator): e for e in measured(engine, apart)}
    missing = found["7, segment 2", "holdout_cuped"]
    assert missing.lift is None
    assert missing.warnings[0].startswith("cannot be estimated, because")
    assert found["7", "holdout_cuped"].lift is not None
    assert found["7, segment 1", "holdout_cuped"].lift is not None
