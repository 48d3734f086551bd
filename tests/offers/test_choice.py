"""The verb on whole cases: GetAllMart, everybody alike, no outcome, and every reason to leave somebody out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlift.engine import Engine
from netlift.errors import InputError
from netlift.records import Choice, Feature
from tests.offers.conftest import SMTP, Case, Grocer, consents, made_features, made_outcome, made_segmentation

# ruff: noqa: DTZ001 - times are naive, as in the tables

OFFERS = [
    {"name": "Wine and meat", "current": True, "categories": ["MntWines", "MntMeatProducts"]},
    {"name": "Daily groceries"},
    {"name": "Fruit, fish, sweets", "categories": ["MntFruits", "MntFishProducts", "MntSweetProducts"]},
]


def chosen(grocer: Grocer, engine: Engine) -> Choice:
    response = np.asarray(grocer.table["Response"])
    outcome = made_outcome(np.ones_like(response), response, names=("last campaign",))
    features = made_features(grocer.table["customer_id"].to_pylist(), outcome=outcome)
    accepted = Feature("Acc6", "", "offers accepted", "attribute", "", uses_response=True)
    features = replace(features, features=(accepted,))
    case = Case(engine, features, made_segmentation(grocer.segment, "Acc6"))
    case.tables["customers"] = grocer.table
    case.sections["offers"] = OFFERS
    return case.choose()


def test_getallmart_advice_is_the_documents(grocer: Grocer, engine: Engine) -> None:
    """The four segments of the document get its four answers, with its offers."""
    advice = chosen(grocer, engine).recommendations
    assert [(r.segment, r.action, r.offers) for r in advice] == [
        (1, "new_offer", ("Daily groceries",)),
        (2, "ab_test", ("Wine and meat", "Fruit, fish, sweets")),
        (3, "do_not_target", ()),
        (4, "keep", ("Wine and meat",)),
    ]
    assert "try 'Daily groceries' on a few" in advice[2].why


def test_getallmart_money_is_the_published_money(grocer: Grocer, engine: Engine) -> None:
    """Profit per contact is the note's within 0.15 USD, the most that shrinkage moves it."""
    choice = chosen(grocer, engine)
    found = {r.segment: (r.expected_profit_per_contact, r.low, r.high) for r in choice.recommendations}
    assert found[1] == (None, None, None)  # the new offer was never tried
    for s, published in {2: (-1.06, -1.48, -0.65), 3: (-2.24, -2.40, -2.08), 4: (5.27, 4.48, 5.99)}.items():
        assert found[s] == pytest.approx(published, abs=0.15)
    assert "−1.96 USD per contact, 95 % interval −2.2" in choice.recommendations[0].why


def test_getallmart_says_that_the_tested_segments_lose_as_well(grocer: Grocer, engine: Engine) -> None:
    """Under the last campaign's accounting segments 1 and 2 lose too, and the outcome was an input: both are said."""
    choice = chosen(grocer, engine)
    assert choice.warnings[0].startswith("Segments 1 and 2 lose money as well with what was tried (last campaign: 11 USD per response")
    said = "The answers counted here also made the segments (input Acc6): the figures are too good."
    assert all(said in r.warnings for r in choice.recommendations)
    assert any("a hypothesis to test, not a finding" in w for w in choice.recommendations[0].warnings)


def test_everybody_who_may_be_contacted_gets_offer_channel_and_proof(five: Case) -> None:
    """With consent, address and a paying offer nobody is left out, and the proof names source and date."""
    choice = five.choose()
    assert choice.offer.tolist() == ["Old"] * 5
    assert choice.channel.tolist() == ["email"] * 5
    assert choice.excluded_reason.tolist() == [None] * 5
    assert choice.consent.tolist() == ["shop, 2024-03-01"] * 5
    assert choice.expected_profit.tolist() == [choice.recommendations[0].expected_profit_per_contact] * 5


def test_no_segmentation_gives_one_advice_for_everybody(five: Case) -> None:
    """Without segments the advice is for segment 0 and rests on the base figures."""
    five.segmentation = made_segmentation([0] * 5)
    (advice,) = five.choose().recommendations
    assert (advice.segment, advice.action) == (0, "keep")
    assert advice.expected_profit_per_contact == pytest.approx(11 * 0.75 - 3, abs=0.02)  # 150 of 200


def test_without_outcome_the_advice_is_a_test_without_figures(five: Case) -> None:
    """Where nothing is known about answers no figure is invented, and the tables that would help are named."""
    five.features = made_features(["a", "b", "c", "d", "e"])
    choice = five.choose()
    (advice,) = choice.recommendations
    assert (advice.action, advice.offers) == ("ab_test", ("Old",))
    assert (advice.expected_profit_per_contact, advice.low, advice.high) == (None, None, None)
    assert advice.why.startswith(
        "Nothing is known about answers to past contacts, so no profit can be expected. Test 'Old' against no contact"
    )
    assert "contacted and responses" in advice.warnings[-1]
    assert np.isnan(choice.expected_profit).all()
    assert choice.offer.tolist() == ["Old"] * 5


def test_without_offers_and_past_nobody_is_contacted(five: Case) -> None:
    """No offer at all: the advice says so and everybody is left out with that reason."""
    five.features = made_features(["a", "b", "c", "d", "e"])
    del five.sections["offers"]
    choice = five.choose()
    assert choice.recommendations[0].why.startswith("No offer is described and no past campaign is known")
    assert choice.excluded_reason.tolist() == ["no offer"] * 5


def test_past_campaign_types_are_offers_where_none_is_described(five: Case) -> None:
    """Types tried before compete; the one with the highest lower bound is kept and the others are shown."""
    five.features = made_features(
        list("abcde"), outcome=made_outcome([[40, 40]] * 5, [[15, 25]] * 5, names=("Type A", "Type B"), cost=1, revenue=8)
    )
    del five.sections["offers"]
    (advice,) = five.choose().recommendations
    assert (advice.action, advice.offers) == ("keep", ("Type B",))
    assert "Also tried: 'Type A' +2.0" in advice.why


def test_a_test_costs_what_those_who_can_be_contacted_cost(five: Case) -> None:
    """Two of five gave consent: the price counts two contacts; where nobody can be contacted it says so."""
    five.features = made_features(list("abcde"), outcome=made_outcome([2] * 5, [1, 0, 1, 0, 1]))
    five.tables["consents"] = consents([{"customer_id": "a"}, {"customer_id": "b"}])
    (advice,) = five.choose().recommendations
    assert advice.action == "ab_test"
    assert advice.why.endswith("The test costs at most 6.00 USD (2 of 5 customers can be contacted; without any answer).")
    del five.tables["consents"]
    (advice,) = five.choose().recommendations
    assert advice.why.endswith("None of these 5 customers can be contacted, so the test cannot begin.")


def test_one_offer_never_sent_is_tested_against_no_contact(five: Case) -> None:
    """A test of one offer has no second offer: the reason names the offer and says what it is compared with."""
    five.sections["offers"] = [{"name": "New"}]
    (advice,) = five.choose().recommendations
    assert advice.why == (
        "'New' was never sent to anybody, so nothing is known about answers. "
        "Test 'New' against no contact: some people are left alone to compare with, and the answers will decide."
    )


def test_a_segment_never_contacted_says_so(five: Case) -> None:
    """No contact in the segment itself: the figure comes from the other segment."""
    five.segmentation = made_segmentation([1, 1, 1, 1, 2])
    five.features = made_features(list("abcde"), outcome=made_outcome([40, 40, 40, 40, 0], [30, 30, 30, 30, 0]))
    assert "No contact of 'Old' in segment 2 yet: the figure rests on the other segments." in five.choose().recommendations[1].warnings


def test_a_losing_segment_is_left_alone(five: Case) -> None:
    """Do not target: nobody of the segment is contacted, and the expected loss stands beside each customer."""
    five.features = made_features(list("abcde"), outcome=made_outcome([40] * 5, [1] * 5))
    choice = five.choose()
    assert choice.recommendations[0].action == "do_not_target"
    assert choice.excluded_reason.tolist() == ["segment not targeted"] * 5
    assert choice.offer.tolist() == choice.channel.tolist() == [None] * 5
    assert (choice.expected_profit < -2).all()


def test_reasons_come_in_the_stated_order(five: Case) -> None:
    """Who is left out for several reasons has the first: suppressed, consent, address, shared, cap, segment."""
    five.features = made_features(list("abcdef"), outcome=made_outcome([40] * 6, [1] * 6))
    five.segmentation = made_segmentation([1] * 6)
    five.suppressed = frozenset({"a"})
    five.tables["contacts"] = pa.table(
        {"customer_id": list("abdef"), "email": ["a@x.org", "b@x.org", " Same@X.org", "same@x.org ", "f@x.org"]}
    )
    five.tables["consents"] = consents([{"customer_id": i} for i in "acdef"])
    five.tables["campaigns"] = pa.table({"campaign_id": ["1"], "start_date": pa.array([datetime(2024, 6, 28)], pa.timestamp("us"))})
    five.tables["contacted"] = pa.table({"campaign_id": ["1"] * 30, "customer_id": list("abcde") * 6})
    assert five.choose().excluded_reason.tolist() == [
        "suppressed",
        "no consent for email",
        "no e-mail address",
        "contact cap 7 days",
        "address shared with another customer",
        "segment not targeted",
    ]


def test_contact_caps_count_this_contact(five: Case) -> None:
    """Four contacts in 7 days leave room for a fifth, five do not; twelve in 30 days are the most as well."""
    week, month = datetime(2024, 6, 24), datetime(2024, 6, 3)
    times = {"a": [week] * 4, "b": [week] * 5, "c": [month] * 11, "d": [month] * 12, "e": [datetime(2024, 5, 31)] * 20}
    rows = [(i, t) for i, moments in times.items() for t in moments]
    five.tables["contacted"] = pa.table(
        {
            "campaign_id": ["1"] * len(rows),
            "customer_id": [i for i, _ in rows],
            "contacted_at": pa.array([t for _, t in rows], pa.timestamp("us")),
        }
    )
    choice = five.choose()
    assert choice.contacts_7d.tolist() == [4, 5, 0, 0, 0]
    assert choice.contacts_30d.tolist() == [4, 5, 11, 12, 0]
    assert choice.excluded_reason.tolist() == [None, "contact cap 7 days", None, "contact cap 30 days", None]


def test_held_out_people_were_not_contacted(five: Case) -> None:
    """A past holdout is no contact; contacts at or after the features' moment are not past."""
    five.tables["contacted"] = pa.table(
        {
            "campaign_id": ["1", "2", "3"],
            "customer_id": ["a", "b", "c"],
            "contacted_at": pa.array([datetime(2024, 6, 30), datetime(2024, 6, 30), datetime(2024, 7, 1)], pa.timestamp("us")),
            "arm": ["holdout", None, None],
        }
    )
    assert five.choose().contacts_7d.tolist() == [0, 1, 0, 0, 0]


def test_no_channel_means_nobody_is_contacted(five: Case) -> None:
    """An offer whose channels are not set up reaches nobody, and the advice says which section is missing."""
    del five.sections["channels"]
    choice = five.choose()
    assert choice.excluded_reason.tolist() == ["no channel set up"] * 5
    assert "No channel is set up in netlift.toml, so nobody can be contacted; add [channels.email]." in choice.warnings


def test_no_consents_table_means_nobody_may_be_contacted(five: Case) -> None:
    """Refuse by default: without consents everybody is left out."""
    del five.tables["consents"]
    assert five.choose().excluded_reason.tolist() == ["no consent for email"] * 5


def test_the_first_channel_that_reaches_somebody_is_used(five: Case) -> None:
    """Channels are tried in the offer's order, person by person; the reason shown is the first channel's."""
    five.sections["offers"] = [{"name": "Old", "current": True, "channels": ["letters", "email"]}]
    five.sections["channels"] = {"letters": SMTP, "email": SMTP}
    five.tables["consents"] = consents([{"customer_id": "a", "channel": "letters"}, {"customer_id": "a"}, {"customer_id": "b"}])
    choice = five.choose()
    assert choice.channel.tolist() == ["letters", "email", None, None, None]
    assert choice.excluded_reason.tolist() == [None, None, *["no consent for letters"] * 3]


def test_more_answers_than_contacts_are_refused(five: Case) -> None:
    """A rate above one is a fault in the data, said with the offer and the number of customers."""
    five.features = made_features(list("abcde"), outcome=made_outcome([1] * 5, [2, 1, 1, 1, 1]))
    with pytest.raises(InputError, match="1 customers answered 'Old' more often than they were contacted"):
        five.choose()


def test_offers_without_any_past_are_said_to_be_unknown(five: Case) -> None:
    """An outcome that belongs to none of the offers is not used for them."""
    five.sections["offers"] = [{"name": "New"}, {"name": "Newer"}, {"name": "Newest"}]
    choice = five.choose()
    (advice,) = choice.recommendations
    assert (advice.action, advice.offers, advice.expected_profit_per_contact) == ("ab_test", ("New", "Newer"), None)
    assert any("None of the offers is marked current = true" in w for w in choice.warnings)


@given(
    consenting=st.sets(st.integers(0, 7)),
    silenced=st.sets(st.integers(0, 7)),
    mails=st.lists(st.sampled_from(["x@x.org", "y@y.org", "X@x.org", "", "no address", None]), min_size=8, max_size=8),
    segment=st.lists(st.integers(1, 3), min_size=8, max_size=8),
)
@settings(max_examples=40, deadline=None)
def test_whoever_is_contacted_consented_has_an_own_address_and_is_not_suppressed(
    consenting: set[int], silenced: set[int], mails: list[str | None], segment: list[int]
) -> None:
    """Whatever the data, counts add up, nobody without consent is contacted, and no address gets two messages."""
    ids = [str(i) for i in range(8)]
    answers = [[30, 0, 2][s - 1] for s in segment]
    with Engine() as engine:
        case = Case(engine, made_features(ids, outcome=made_outcome([40] * 8, answers)), made_segmentation(segment))
        case.sections["offers"] = [{"name": "Old", "current": True}]
        case.suppressed = frozenset(str(i) for i in silenced)
        case.tables["contacts"] = pa.table({"customer_id": ids, "email": pa.array(mails, pa.string())})
        case.tables["consents"] = consents([{"customer_id": str(i)} for i in consenting])
        choice = case.choose()
    contacted = [i for i in range(8) if choice.excluded_reason[i] is None]
    assert sum(r is not None for r in choice.excluded_reason) + len(contacted) == 8
    assert set(contacted) <= consenting - silenced
    used = [(mails[i] or "").lower() for i in contacted]
    assert len(used) == len(set(used))
    assert not {(mails[i] or "").lower() for i in silenced} & set(used)
    for i in range(8):
        assert (choice.offer[i] is None) == (choice.channel[i] is None) == (choice.excluded_reason[i] is not None)
