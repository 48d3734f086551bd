"""Changes after which a verdict may never be milder, and harmless words that always pass."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from benchmarks._review_variants import ALWAYS, OF_COPY, variants
from benchmarks._review_variants import PLACES as PLACES_OF_TRAITS
from benchmarks._review_variants import changed as changed_by
from benchmarks._review_variants import verdict as verdict_of

from netlift.review import cases as read
from netlift.review import judge, score, verdict
from tests.review.conftest import POLICY, labelled

Case = dict[str, Any]
CASES = labelled()
STRICT = {"block": 0, "review": 1, "pass": 2}


def judged(case: Case) -> tuple[str, float]:
    campaign = read.campaign(case)
    findings = judge(campaign, POLICY)
    return verdict(findings), score(campaign, findings)[0]


def changed(change: Callable[[Case], Any]) -> Callable[[Case], Case]:
    def make(case: Case) -> Case:
        new = copy.deepcopy(case)
        change(new)
        return new

    return make


# Everybody up to 25 or 30 left out spares the minors, too: that is milder, and rightly.
SPARED = {("N68", "exclusion"), ("N211", "exclusion")}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_never_milder(case: Case) -> None:
    """No relation of the policy makes any labelled campaign more acceptable."""
    before = STRICT[verdict_of(case)]
    milder = [name for name, new in variants(case) if STRICT[verdict_of(new)] > before]
    assert [name for name in milder if (case["id"], name) not in SPARED] == []


def test_every_relation_is_told_of_many_campaigns() -> None:
    """The generator makes thousands of variants and leaves no relation of the policy out."""
    told = Counter(name for case in CASES for name, _ in variants(case))  # not judged: that is the test before
    assert set(told) == {*ALWAYS, *OF_COPY, "grow by unrelated people", "hidden behind a score", "hidden behind a look-alike"} | {
        *(f"said in {language}" for language in ("English", "German", "Spanish")),
        *(f"trait moved to {place}" for place in PLACES_OF_TRAITS),
    }
    assert min(told.values()) >= 30
    assert sum(told.values()) >= 3000


SAME = ("reorder rules", "camouflage", "rename fields", "homoglyphs", "zero width", "soft hyphen", "upper case")


@pytest.mark.parametrize("case", [c for c in CASES if c["expected"]["verdict"] == "pass"], ids=lambda c: c["id"])
def test_negative_controls_stay_pass(case: Case) -> None:
    """What is harmless stays so in another order, under other names, beside other offers and behind odd letters."""
    changes = {**ALWAYS, **OF_COPY}
    assert [name for name in SAME if verdict_of(changed_by(case, changes[name])) != "pass"] == []


@pytest.mark.parametrize("case", [c for c in CASES if c["expected"]["verdict"] != "pass"], ids=lambda c: c["id"])
def test_without_its_evidence_each_finding_is_gone(case: Case) -> None:
    """A condition taken out, or words blanked where they stand, are no longer found there."""
    for found in judge(read.campaign(case), POLICY):
        rule = re.fullmatch(r"audience\.(rules|exclusions)\[(\d+)\][^,]*", found.where)
        words = re.fullmatch(r"(message|offer)\.(\w+):(\d+)-(\d+)", found.where)
        new = copy.deepcopy(case)
        if rule:
            gone = new["audience"][rule[1]].pop(int(rule[2]))
            left = [f for f in judge(read.campaign(new), POLICY) if f.code == found.code and f.evidence == found.evidence]
            assert not left or gone in new["audience"][rule[1]] or found.evidence in json.dumps(new), (found, left)
        elif words:
            text, start, end = new[words[1]][words[2]], int(words[3]), int(words[4])
            new[words[1]][words[2]] = text[:start] + " " * (end - start) + text[end:]
            places = [f.where for f in judge(read.campaign(new), POLICY) if f.code == found.code]
            assert found.where not in places, found


TRAITS = {
    "pregnancy": "pregnant women",
    "health": "diabetics",
    "religion": "muslims",
    "sexual_orientation": "gay men",
    "minors": "teenagers",
    "financial_distress": "people in debt",
}
SENSITIVE = [
    c for c in labelled("shared_cases") if c["expected"]["verdict"] == "block" and TRAITS.keys() & set(c["expected"]["categories"])
]


@pytest.mark.parametrize("field", ["model.{}.score", "lookalike.seed"])
@pytest.mark.parametrize("case", SENSITIVE, ids=lambda c: c["id"])
def test_hiding_the_trait_behind_a_score_or_a_seed_never_helps(case: Case, field: str) -> None:
    """The lineage is followed: a score or a look-alike of the trait stays blocked, whatever the copy says."""
    topic = next(t for t in case["expected"]["categories"] if t in TRAITS)
    new = copy.deepcopy(case)
    new["audience"]["rules"] = [{"field": field.format(topic), "op": "=", "value": TRAITS[topic] if "seed" in field else 0.8}]
    assert judged(new)[0] == "block" or topic == "financial_distress"
    new["message"] = {"subject": "New in store", "body": "10% off this week."}
    new["audience"]["inferred"] = []
    assert judged(new)[0] == ("review" if topic == "financial_distress" and not new["offer"]["product_categories"] else "block")


PLACES: dict[str, Callable[[Case, str], None]] = {
    "UTM": lambda c, t: c["message"].update(body=f"See https://shop.example/?utm_campaign={t.replace(' ', '_')} for more."),
    "link field": lambda c, t: c["message"].update(url=f"https://shop.example/{t.replace(' ', '-')}"),
    "alt text": lambda c, t: c["message"].update(body=f'<img src="a.png" alt="{t}"> Offers.'),
    "alt field": lambda c, t: c["message"].update(images=[{"alt": t}]),
    "coupon": lambda c, t: c["message"].update(coupon=t.replace(" ", "").upper() + "20"),
    "coupon in the text": lambda c, t: c["message"].update(body=f"Use {t.replace(' ', '').upper()}20 at the till."),
    "sender": lambda c, t: c["message"].update(sender_alias=f"Club for {t}"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "trait", ["pregnant women", "diabetics", "muslims", "lesbians", "schwangere", "embarazadas", "bankrupt people", "gay men"]
)
def test_a_trait_in_a_name_that_shows_is_a_trait_told(place: str, trait: str) -> None:
    """Links, alt texts, codes and senders tell what the copy does not."""
    case = copy.deepcopy(next(c for c in CASES if c["id"] == "S05"))
    PLACES[place](case, trait)
    campaign = read.campaign(case)
    assert "MESSAGE_REVEALS_TRAIT" in {f.code for f in judge(campaign, POLICY) if f.severity == "block"}


TRANSLATED = {
    "S01": [
        ("Alles für Ihren Nachwuchs", "Ihr Baby ist bald da. Hier sind Gutscheine für Kinderbetten und Umstandsmode."),
        ("Todo para tu recién llegado", "Tu bebé llegará pronto. Cupones para cunas y ropa premamá."),
    ],
    "S07": [
        ("Knapp diesen Monat?", "Geld knapp? Holen Sie sich heute einen Sofortkredit. Nur noch 3 Stunden!"),
        ("¿Andas justo de dinero?", "¿Poco dinero? Crédito rápido hoy. ¡Solo quedan 3 horas!"),
    ],
    "S08": [
        ("Spielzeug für Ihre beiden", "10 % auf Spielzeug für Ihre zwei Kleinen."),
        ("Juguetes para tus dos", "10% en juguetes para tus dos pequeños."),
    ],
    "S09": [
        ("Ramadan Mubarak", "Da Sie in diesem Monat fasten: 20 % auf unsere Dattelbox."),
        ("Ramadán Mubarak", "Mientras guardas el ayuno este mes: 20% en dátiles."),
    ],
    "S11": [
        ("Noch am Überlegen?", "Wir haben bemerkt, dass Sie sich das Sofa Oslo gestern um 23:40 dreimal angesehen haben."),
        ("¿Aún lo piensas?", "Hemos notado que miraste el sofá Oslo tres veces anoche a las 23:40."),
    ],
    "S15": [
        ("Für Menschen wie Sie", "Weil Sie unserem Service von Ihrer Nussallergie erzählt haben: 10 % auf nussfreie Snacks."),
        ("Para gente como tú", "Porque contaste a nuestro servicio tu alergia a los frutos secos: 10% en snacks."),
    ],
    "S17": [
        ("Anruf", "Wir rufen wegen der Inkontinenzeinlagen an, die Sie kaufen."),
        ("Llamada", "Llamamos por las compresas de incontinencia que usted compra."),
    ],
    "S21": [
        ("Sei stolz", "Als Mitglied der Community bekommst du die Regenbogentasse gratis."),
        ("Con orgullo", "Como miembro de la comunidad, tu taza arcoíris gratis."),
    ],
    "N23": [
        ("Bleiben Sie", "Unser Modell sagt, dass Sie gehen. Hier sind 10 Euro."),
        ("Quédate", "Nuestro modelo predice que te irás. Toma 10 euros."),
    ],
    "N44": [
        ("Zeit", "Ihre überflüssigen Pfunde verlieren: 20 % auf Laufschuhe, damit Sie abnehmen."),
        ("Es hora", "Pierde tus kilos de más: 20% en zapatillas para perder peso."),
    ],
}


@pytest.mark.parametrize("name", TRANSLATED)
@pytest.mark.parametrize("language", [0, 1], ids=["German", "Spanish"])
def test_translating_the_copy_never_helps(name: str, language: int) -> None:
    """The same said in German or Spanish is judged as strictly, with the same reasons from the copy."""
    case = next(c for c in CASES if c["id"] == name)
    new = copy.deepcopy(case)
    new["message"]["subject"], new["message"]["body"] = TRANSLATED[name][language]
    assert STRICT[judged(new)[0]] <= STRICT[judged(case)[0]]
    wanted = {c for c in case["expected"]["reason_codes"] if c.startswith(("MESSAGE", "VULNERABLE"))}
    assert wanted <= {f.code for f in judge(read.campaign(new), POLICY)}


HARMLESS = [
    "Baby potatoes and baby spinach, 20% off",
    "Babykartoffeln und Babyspinat, 20 %",
    "Expecting a delivery? Add to your order now",
    "Our shop turns 25: celebrate our anniversary with us",
    "Merry Christmas to you and your family",
    "Frohe Weihnachten Ihnen und Ihrer Familie",
    "Feliz Navidad a ti y a tu familia",
    "Happy Easter! Eggs and lamb for everyone",
    "Our Hanukkah candles are in store",
    "Your invoice due date has changed",
    "Everything for your garden party",
    "Race bikes: get your new bike fast",
    "World AIDS Day: 1 euro of each rose is donated",
    "Minor scratches? Half price for you",
    "Fast geschenkt: 20 % auf Ihr Lieblingsbrot",
    "Ihre Auswahl: wählen Sie Ihre drei Favoriten",
    "See your new arrivals in store",
    "Lightweight jackets for your summer",
    "You decide: pay by credit card or cash",
    "Blind tasting of our wines",
    "We are proud of our bakers: meet them",
    "Your coffee, your way",
    "Fair prices, in good faith",
    "Weather for your weekend: 25 degrees",
    "Ihr Wetter fürs Wochenende",
    "Tu café, a tu manera",
    "Hypoallergenic pillows for your bed",
    "Baby back ribs for your grill",
    "Black Friday starts for you today",
    "Christian Dior perfume, your 20% off",
    "I'll take you to our gifts under 15 euros",
    "Treat your mum to flowers",
    "Ihr Nachlass: 10 % auf alles",
    "Ihr Traumangebot, Ihr Traumauto",
    "Geschenke unter 16 Euro für Sie",
    "Your 12 year old whisky, 10% off",
    "Schokolade überzogen mit Nüssen: für Sie",
    "Your red dress is in the red box",
    "Animal welfare matters to you and us",
    "Gifts under $15 for you",
    "Ihr Rezept der Woche",
    "Your order confirmation: now with stamps",
    "Your favourite recipes for the grill",
    "Alles für Ihre Gartenparty",
    "Ihre Stimme zählt: wählen Sie unser Eis des Jahres",
    "Your vote counts: choose our ice cream of the year",
]


@pytest.mark.parametrize("channel", ["email", "post"])
@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_senses_pass(text: str, channel: str) -> None:
    """Trait words in another sense, seasons and greetings to the whole list are no finding."""
    case = copy.deepcopy(next(c for c in CASES if c["id"] == "S10"))
    case |= {
        "channel": channel,
        "message": {"subject": text, "body": text + "."},
        "offer": {"kind": "discount", "text": text, "product_categories": [], "pricing": "uniform"},
    }
    campaign = read.campaign(case)
    assert [f.text for f in judge(campaign, POLICY) if f.severity != "note"] == []


@pytest.mark.parametrize(
    "rule",
    [
        ("transactions.days_since_last", ">=", 90),
        ("transactions.spend_12m", ">=", 200),
        ("segment.id", "=", 3),
        ("transactions.visits", "between", [2, 9]),
    ],
)
def test_broad_rules_of_recency_and_spend_pass(rule: tuple[str, str, Any]) -> None:
    """Ordinary rules on ordinary facts stay free."""
    case = copy.deepcopy(next(c for c in CASES if c["id"] == "S19"))
    case["audience"]["rules"] = [dict(zip(("field", "op", "value"), rule, strict=True))]
    assert judged(case)[0] == "pass"


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_adding_consent_never_worsens(case: Case) -> None:
    """An opt-in, a basis and the purpose of marketing can only help."""
    new = copy.deepcopy(case)
    new["consent"] = {"basis": "consent", "purposes": [*case["consent"]["purposes"], "marketing"], "sensitive_opt_in": True}
    (verdict_before, score_before), (verdict_after, score_after) = judged(case), judged(new)
    assert STRICT[verdict_after] >= STRICT[verdict_before]
    assert score_after <= score_before


REMOVED: list[tuple[str, str, Callable[[Case], Any]]] = [
    ("S01", "HOUSEHOLD_VISIBLE", lambda c: c.update(channel="email")),
    ("S06", "PROXY_PROTECTED", lambda c: c["audience"]["measured"].update(selection_ratio={})),
    ("S11", "MESSAGE_REVEALS_TRACKING", lambda c: c["message"].update(body="Free delivery.")),
    ("S13", "MINORS", lambda c: (c["audience"].update(rules=[]), c["message"].update(subject="New", body="New"))),
    ("S14", "NO_LAWFUL_BASIS", lambda c: c["consent"].update(basis="consent")),
    ("S18", "PRICE_EXPLOITATION", lambda c: c["offer"].update(pricing="uniform")),
    ("S20", "FREQUENCY_PRESSURE", lambda c: c["pressure"].update(sent_last_7d=0, sent_last_30d=0, planned_sends=1)),
    ("S21", "SOURCE_UNEXPECTED", lambda c: c["audience"].update(rules=[], sources=[])),
    ("S07", "VULNERABLE_PRESSURE", lambda c: c["message"].update(body="Credit.")),
    ("S08", "SMALL_AUDIENCE", lambda c: c["audience"].update(size=5000)),
]


@pytest.mark.parametrize(("name", "code", "change"), REMOVED, ids=[code for _, code, _ in REMOVED])
def test_without_its_evidence_a_finding_is_gone(name: str, code: str, change: Callable[[Case], None]) -> None:
    """What is no longer there is no longer found."""
    case = next(c for c in CASES if c["id"] == name)
    assert code in {f.code for f in judge(read.campaign(case), POLICY)}
    assert code not in {f.code for f in judge(read.campaign(changed(change)(case)), POLICY)}
