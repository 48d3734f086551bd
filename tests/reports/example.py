"""A report's content made from random numbers: four segments of a fictitious shop, a measured campaign."""

from dataclasses import replace
from datetime import date, datetime

import numpy as np

from netlift.records import (
    Accounting,
    Assignment,
    Audience,
    Candidate,
    Choice,
    Estimate,
    Feature,
    Features,
    Finding,
    Insight,
    Measurement,
    Outcome,
    Profit,
    Recommendation,
    ReportContent,
    Response,
    ReviewResult,
    Segment,
    Segmentation,
    TableInput,
    Tables,
    Trait,
    Verdict,
)

FEATURES = (
    Feature("monetary", "USD", "money spent", "value", "0 where nothing was bought", "log"),
    Feature("frequency", "purchases", "number of purchases", "rhythm", "0 where nothing was bought", "log"),
    Feature("recency", "days", "days since the last purchase", "rhythm", "days since the first sale", "log"),
    Feature("discount_share", "share", "discount as a share of the undiscounted price", "basket", "missing", "logit"),
    Feature("campaign_response_rate", "share", "share of past contacts answered", "campaign", "missing", uses_response=True),
)
NAMES = ("Frequent big baskets", "Steady week-end families", "Bargain hunters with many coupons", "Rare visitors")
SHARES = (0.15, 0.25, 0.25, 0.35)
RATES = (0.32, 0.16, 0.13, 0.04)
ACCOUNTING = Accounting("campaigns since 2017-10-01", 1.0, 8.0, "USD")


def _free(excluded: np.ndarray) -> np.ndarray:
    return np.array([reason is None for reason in excluded])


def _texts(mask: np.ndarray, text: str) -> np.ndarray:
    texts = np.full(len(mask), None, dtype=object)
    texts[mask] = text
    return texts


def _features(n: int, rng: np.random.Generator, segment: np.ndarray) -> Features:
    worth = np.array([0, 1600, 700, 420, 90])[segment] * rng.lognormal(0, 0.4, n)
    values = np.column_stack(
        [worth, worth / 25, rng.gamma(2, 12, n) * segment, rng.beta(2, 9, n), rng.beta(1, 8, n)],
    )
    contacts = rng.integers(0, 4, (n, 2))
    responses = rng.binomial(contacts, np.array([0, *RATES])[segment][:, None])
    outcome = Outcome(ACCOUNTING, ("Type A", "Type B"), contacts, responses, (), "Campaigns from 2017-10-01 to 2017-12-31.")
    ids = np.array([f"c{i:07d}" for i in range(n)], dtype=object)
    notes = ("Without the table events there are no browsing features.",)
    names = tuple(f.name for f in FEATURES[:4])
    return Features(datetime.fromisoformat("2017-10-01"), FEATURES, ids, values, names, worth, "amount spent, USD", outcome, notes)


def _segmentation(n: int, rng: np.random.Generator, segment: np.ndarray) -> Segmentation:
    centres = np.array([[0, 0], [2.4, 1.6], [0.6, -1.4], [-1.2, 1.2], [-2.2, -1.0]])[segment]
    x, y = (centres + rng.normal(0, 0.7, (n, 2))).T
    comparison = tuple(
        Candidate(a, k, 0.9 - 0.05 * k, 0.4, 0.3 - 0.01 * k, 0.11 + 0.01 * k, 0.02, 0.31, float("nan"), 1.4, "choose")
        for a in ("kmeans", "ward", "gaussian_mixture")
        for k in (3, 4, 5)
    )
    chosen = Candidate("kmeans", 4, 0.87, 0.42, 0.27, 0.14, 0.05, 0.22, 0.012, 2.1, "report", chosen=True)
    nan = float("nan")
    failed = Candidate("rfm_tertiles", 9, nan, nan, nan, nan, nan, nan, nan, 0.1)
    verdict = Verdict(
        "constructed",
        True,
        "The customers form one cloud, but cutting it in four earns 0.14 USD more per customer [0.05, 0.22].",
        {"structure_z": -0.4, "structure_p": 0.42},
    )
    score = rng.random(n)
    reason = np.array([None] * n, dtype=object)
    reason[score > 0.99] = rng.choice(["money spent far above the usual", "discount share far above the usual"], int((score > 0.99).sum()))
    return Segmentation(verdict, (chosen, *comparison, failed), "kmeans", segment, x, y, score, reason, tuple(f.name for f in FEATURES[:4]))


def _insight(features: Features, segment: np.ndarray) -> Insight:
    base, spread = features.values.mean(axis=0), features.values.std(axis=0)
    assert features.outcome is not None

    def answers(mask: np.ndarray) -> tuple[Response, Profit]:
        assert features.outcome is not None
        contacts, responses = int(features.outcome.contacts[mask].sum()), int(features.outcome.responses[mask].sum())
        rate = responses / max(contacts, 1)
        half = 1.96 * (rate * (1 - rate) / max(contacts, 1)) ** 0.5
        profit = Profit(str(ACCOUNTING), 8 * rate - 1, 8 * (rate - half) - 1, 8 * (rate + half) - 1, 8.0 * responses - contacts)
        return Response(contacts, responses, rate, max(rate - half, 0), rate + half), profit

    segments = []
    for number, name in enumerate(NAMES, start=1):
        mask = segment == number
        means = features.values[mask].mean(axis=0)
        profile = tuple(
            Trait(f.name, float(m), float(b), f.unit, float((m - b) / s)) for f, m, b, s in zip(FEATURES, means, base, spread, strict=True)
        )
        summary = f"{name}: they spend {means[0]:,.0f} USD against {base[0]:,.0f} USD on average."
        rules = (f"money spent above {means[0] / 2:,.0f} USD and fewer than {means[2] * 2:.0f} days since the last purchase",)
        segments.append(Segment(number, name, int(mask.sum()), float(mask.mean()), summary, rules, 0.81, profile, *answers(mask)))
    return Insight(tuple(segments), *answers(segment > 0))


def _choice(insight: Insight, excluded: np.ndarray) -> Choice:
    n = len(excluded)
    actions = ("keep", "ab_test", "new_offer", "do_not_target")
    recommendations = tuple(
        Recommendation(
            s.segment,
            action,  # type: ignore[arg-type]
            ("Type A", "Type B")[: 2 if action == "ab_test" else 1] if action != "do_not_target" else (),
            s.profit.per_contact if s.profit else None,
            s.profit.low if s.profit else None,
            s.profit.high if s.profit else None,
            f"{s.response.rate:.1%} of past contacts answered; a contact pays from 12.5 %." if s.response else "",
            ("Few contacts with Type B so far.",) if action == "ab_test" else (),
        )
        for s, action in zip(insight.segments, actions, strict=True)
    )
    free = _free(excluded)
    return Choice(
        recommendations,
        _texts(free, "Type A"),
        _texts(free, "email"),
        np.where(free, 0.5, np.nan),
        excluded,
        _texts(free, "consent form, 2017-02-03"),
        np.zeros(n, dtype=np.int64),
        np.zeros(n, dtype=np.int64),
        ("Past contacts were not drawn by lot; the profits are of response, not of lift.",),
    )


def measurement() -> Measurement:
    """Figures like those of the Complete Journey data."""
    best = Estimate(
        "any",
        "did_no_campaign_before_or_after",
        "adjusted",
        *(-0.057, -0.092, -0.021, -41234.5, -52311.0),
        customers=1559,
        comparison="customers without a campaign before or during it",
        warnings=("Customers were not drawn by lot.",),
        incremental_low=-68000.0,
        incremental_high=-14900.0,
    )
    naive = Estimate(
        "any",
        "naive_pooled",
        "naive",
        *(0.414, 0.371, 0.457, 601234.0, None),
        customers=1559,
        comparison="the same customers' days without any campaign",
        warnings=("Heavy buyers are in more campaigns.",),
    )
    median = replace(naive, estimator="naive_before_after", lift=0.002, low=-0.01, high=0.014)
    small = Estimate(
        "1",
        "did_all_others",
        "adjusted",
        *(None, None, None, None, None),
        customers=13,
        comparison="all other customers",
        warnings=("Cannot tell, because only 13 customers were in this campaign.",),
    )
    sentence = (
        "There is no evidence that the campaigns of 2017 raised sales: −5.7 % [−9.2 %, −2.1 %] against customers without a campaign; "
        "the naive figure of +41.4 % only shows that heavy buyers are contacted more."
    )
    return Measurement((best, naive, median, small), best, sentence, date(2017, 1, 1), date(2017, 12, 31))


def content(n: int = 2469, *, seed: int = 7) -> ReportContent:
    """A finished run with everything a report can show."""
    rng = np.random.default_rng(seed)
    segment = rng.choice([1, 2, 3, 4], n, p=SHARES).astype(np.int64)
    excluded = np.array([None] * n, dtype=object)
    excluded[rng.random(n) < 0.2] = "no_consent"
    excluded[segment == 4] = "no_expected_profit"
    features = _features(n, rng, segment)
    insight = _insight(features, segment)
    choice = _choice(insight, excluded)
    arm = _texts(_free(excluded), "Type A")
    arm[_free(excluded) & (rng.random(n) < 0.1)] = "holdout"
    counts = {a: int((arm == a).sum()) for a in ("holdout", "Type A")}
    audience = Audience(features.customer_ids, segment, choice.offer, choice.channel, arm, choice.expected_profit, excluded)
    findings = (
        Finding("CONTACT_PRESSURE", "review", "audience", "12 people had 5 messages in the last 7 days; the cap is 5."),
        Finding("SENSITIVE_CATEGORY", "note", "features: discount_share", "Class C feature; say why it is used."),
    )
    inputs = (
        TableInput(
            "transactions",
            "transactions.parquet",
            *(1_469_307, 1_468_772, 1, 534),
            "a" * 64,
            {"customer_id": "text"},
            ("534 lines fall on 2018-01-01.",),
        ),
        TableInput("customers", "customers.csv", n, n, 0, 0, "b" * 64, {"customer_id": "text"}),
    )
    return ReportContent(
        title="Complete Journey: autumn campaign",
        run_id="20260504-7f3a",
        created=datetime.fromisoformat("2026-05-04T09:30"),
        currency="USD",
        features=features,
        segmentation=_segmentation(n, rng, segment),
        insight=insight,
        choice=choice,
        assignment=Assignment("autumn", 0.1, arm, counts, 0.042, "Drawn by lot within each segment."),
        audience=audience,
        review=ReviewResult("review", findings, "1"),
        tables=Tables(inputs),
        deliveries={"accepted": 1010, "failed": 3, "unknown": 2},
        measurement=measurement(),
        seed=seed,
    )


def without_segments(full: ReportContent) -> ReportContent:
    """The same run where no segmentation held up, nothing is known of answers, and nothing has been sent."""
    n = len(full.features.customer_ids)
    verdict = Verdict("none", False, "The customers differ, but in no way that comes out again on other customers.")
    recommendation = Recommendation(0, "ab_test", ("Type A", "Type B"), None, None, None, "Nothing is known of past answers.")
    nobody = np.zeros(n, dtype=np.int64)
    return replace(
        full,
        features=replace(full.features, outcome=None, value=None),
        segmentation=replace(full.segmentation, verdict=verdict, algorithm="", segment=nobody),
        insight=Insight((), None, None),
        choice=replace(full.choice, recommendations=(recommendation,)),
        audience=replace(full.audience, segment=nobody),
        assignment=replace(full.assignment, detectable=None),
        review=ReviewResult("pass", (), "1"),
        deliveries={},
        measurement=None,
    )
