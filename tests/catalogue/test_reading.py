"""Words are found whatever hides them, at their exact place, and in three languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.catalogue import CLASSES, about, baskets, class_of, covered_by, phrases
from netlift.catalogue.folding import views
from netlift.catalogue.topics import topics

HIDDEN = [
    "PREGNANT", "Prégnant", "pr3gn4nt", "pregn@nt", "рregnаnt", "preg\u200bnant", "preg\u00adnant", "preg&shy;nant",
    "preg&#8203;nant", "p r e g n a n t", "p.r.e.g.n.a.n.t",
    "preg-nant", "pregnant20", "utm_pregnant", "ｐｒｅｇｎａｎｔ", "𝐩𝐫𝐞𝐠𝐧𝐚𝐧𝐭", "preg%6eant", "ⓟregnant", "pre\u2060gnant",
]  # fmt: skip


@pytest.mark.parametrize("text", HIDDEN)
def test_camouflage_is_read(text: str) -> None:
    """Case, accents, digits for letters, other alphabets, hidden characters, escapes and split letters."""
    before = "Your "
    (hit, *_) = about(f"{before}{text} box", "traits")
    assert (hit.topic, hit.of_reader) == ("pregnancy", True)
    assert hit.start == len(before) if not text.startswith("utm") else hit.start > len(before)
    assert f"{before}{text} box"[hit.start : hit.end] == hit.text


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Schwangerschaftsvitamine", "pregnancy"),
        ("Risikoschwangerschaft", "pregnancy"),
        ("Ihre Blasenschwaeche", "health"),
        ("Ihre Blasenschwäche", "health"),
        ("Sehbehinderte", "disability"),
        ("embarazadas", "pregnancy"),
        ("diabéticos", "health"),
        ("divorcees", "divorce"),
        ("muslimische Familien", "religion"),
    ],
)
def test_compounds_plurals_and_umlauts(text: str, topic: str) -> None:
    """German compounds, plurals, and umlauts however they are written."""
    assert topic in {h.topic for h in about(text, "traits")}


@pytest.mark.parametrize(
    ("name", "topic"),
    [("momToBeScore", "pregnancy"), ("isPregnantFlag", "pregnancy"), ("forpregnantwomen", "pregnancy"), ("DIABETES_RISK", "health")],
)
def test_names_are_split_and_searched(name: str, topic: str) -> None:
    """CamelCase, snake_case and words glued together."""
    assert topic in {h.topic for h in about(name, "fields", "products", "traits", name=True)}


@given(st.text(max_size=60))
def test_every_reading_points_into_the_original(text: str) -> None:
    """Positions are those of the original and never go back; reading never fails."""
    for view in views(text) + views(text, name=True):
        assert len(view.text) == len(view.at)
        assert all(0 <= p < len(text) for p in view.at)
        assert list(view.at) == sorted(view.at)
    for hit in about(text, "traits", "claims", "hints", "products"):
        assert text[hit.start : hit.end] == hit.text


def test_a_topic_and_a_claim_differ() -> None:
    """The same word with and without the reader."""
    assert not about("Diabetes is on the rise", "traits")[0].of_reader
    assert about("Living with your diabetes", "traits")[0].of_reader


def test_every_topic_has_a_class_and_words() -> None:
    """No topic without words, and A before B before C."""
    assert sorted({class_of(t) for t in topics()}) == list(CLASSES)
    assert class_of("pregnancy") == "A"
    assert class_of("gambling") == "B"


def test_a_basket_counts_each_item_once_and_the_offer_completes_it() -> None:
    """The published pregnancy basket."""
    basket = baskets()[0]
    assert (basket.topic, basket.source) == ("pregnancy", "published")
    assert len(basket.items_in(("unscented lotion", "unscented lotion", "zinc", "cotton balls", "bread"))) == 3
    assert basket.offered("15% off nappies")
    assert not basket.offered("15% off bread")


def test_opt_ins_cover_what_they_name() -> None:
    """A baby club covers parenting and pregnancy, and no religion; marketing names nothing."""
    assert {"parenting", "pregnancy"} <= covered_by(("baby_club",))
    assert "religion" not in covered_by(("baby_club",))
    assert not covered_by(("marketing",))


@pytest.mark.parametrize("text", ["Only 3 hours left", "Nur noch heute", "¡Solo quedan 3 horas!", "Hurry!", "Letzte Chance"])
def test_urgency(text: str) -> None:
    """Wording that presses, in three languages."""
    assert phrases(text, "urgency")
