"""Variants of labelled campaigns after which the verdict may never be milder (review policy, section 3). Deterministic."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from typing import Any

from netlift import catalogue
from netlift.review import cases, judge
from netlift.settings import ReviewSettings

Case = dict[str, Any]
POLICY = ReviewSettings()
COPY = ("MESSAGE_", "VULNERABLE_PRESSURE", "MINORS")  # codes that a copy can be the evidence of
AUDIENCE = ("SENSITIVE_DIRECT", "SENSITIVE_INFERRED")
KEPT = ("consent.", "model.", "lookalike.", "segment.", "survey.", "support.", "service.", "third_party.", "social.", "audience.", "crm.")
CYRILLIC = str.maketrans("aeopcxiy", "аеорсхіу")
LEET = str.maketrans("aeiost", "431057")

# A plain word for each topic in English, German and Spanish, as the catalogue has it.
WORDS = {
    "pregnancy": ("pregnancy", "Schwangerschaft", "embarazo"),
    "health": ("diabetes", "Diabetes", "diabetes"),
    "mental_health": ("depression", "Depression", "depresión"),
    "disability": ("disability", "Behinderung", "discapacidad"),
    "addiction": ("alcoholism", "Spielsucht", "alcoholismo"),
    "religion": ("muslim faith", "muslimischer Glaube", "fe musulmana"),
    "sexual_orientation": ("gay lifestyle", "Homosexualität", "homosexualidad"),
    "ethnicity": ("ethnicity", "ethnische Herkunft", "origen étnico"),
    "politics": ("political opinion", "Parteimitgliedschaft", "afiliación política"),
    "union": ("trade union", "Gewerkschaft", "sindicato"),
    "minors": ("underage", "minderjährig", "menores de edad"),
    "bereavement": ("bereavement", "Trauerfall", "duelo"),
    "criminal": ("criminal record", "Vorstrafe", "antecedentes penales"),
    "immigration": ("asylum", "Asyl", "asilo"),
    "financial_distress": ("debts", "Schulden", "deudas"),
    "gambling": ("gambling", "Glücksspiel", "apuestas"),
    "weight": ("obesity", "Übergewicht", "sobrepeso"),
    "divorce": ("divorce", "Scheidung", "divorcio"),
    "life_event": ("engagement", "Verlobung", "compromiso de boda"),
}
OF_READER = ("For you and your {}: 10% off.", "Für Sie und Ihre {}: 10 %.", "Para ti y tu {}: 10%.")
SAID = {  # the same meaning in each language, where no topic is meant
    "MESSAGE_REVEALS_TRACKING": (
        "We noticed you looked at it three times last night.",
        "Wir haben gesehen, dass Sie es gestern dreimal angesehen haben.",
        "Hemos visto que lo miraste tres veces anoche.",
    ),
    "VULNERABLE_PRESSURE": ("Only 2 hours left!", "Nur noch 2 Stunden!", "¡Solo quedan 2 horas!"),
    "MINORS": (
        "Hey kids, ask your mum and dad!",
        "Hallo Kinder, fragt eure Eltern!",
        "¡Hola niños, preguntad a vuestros padres!",
    ),
}


def verdict(case: Case) -> str:
    """The most severe finding."""
    found = judge(cases.campaign(case), POLICY)
    return found[0].severity if found and found[0].severity != "note" else "pass"


def variants(case: Case) -> Iterator[tuple[str, Case]]:
    """Every relation that can be told of the case, by name, with the changed case."""
    found = judge(cases.campaign(case), POLICY)
    grave = [f for f in found if f.severity != "note"]
    from_copy = any(f.code.startswith(COPY) and f.where.startswith(("message", "offer")) for f in grave)
    for name, change in ALWAYS.items():
        yield name, changed(case, change)
    if not any(f.code == "SMALL_AUDIENCE" for f in grave):
        yield "grow by unrelated people", changed(case, _grown)
    if from_copy:
        for name, change in OF_COPY.items():
            yield name, changed(case, change)
    said = _said(found)
    if said and not any(t == "family" for t in said):
        for i, language in enumerate(("English", "German", "Spanish")):
            yield f"said in {language}", changed(case, functools.partial(_in_language, said=said, language=i))
    told = [t for t in said if t in WORDS]
    for place, put in PLACES.items():
        for topic in told[:1]:
            yield f"trait moved to {place}", changed(case, functools.partial(_moved, put=put, word=WORDS[topic][0]))
    chosen = next((t for f in grave if f.code in AUDIENCE and (t := topic_of(f.evidence)) in WORDS and catalogue.class_of(t) == "A"), None)
    if chosen and not case["consent"].get("sensitive_opt_in"):
        yield "hidden behind a score", changed(case, lambda c: _behind(c, {"field": f"model.{chosen}.score", "op": ">=", "value": 0.7}))
        seed = {"field": "lookalike.seed", "op": "=", "value": f"{WORDS[chosen][0]} list"}
        yield "hidden behind a look-alike", changed(case, lambda c: _behind(c, seed))


def changed(case: Case, change: Callable[[Case], Any]) -> Case:
    """A changed copy."""
    new = copy.deepcopy(case)
    change(new)
    return new


def topic_of(words: str) -> str | None:
    """What words are about, by the catalogue."""
    for tiers in (("traits", "claims"), ("products", "fields"), ("hints",)):
        hits = catalogue.about(words, *tiers, name=True)
        if hits:
            return hits[0].topic
    return None


def _said(found: tuple[Any, ...]) -> list[str]:
    """What the copy says: topics, and codes of what is no topic; "family" where it is family make-up, which only counts of few."""
    said = []
    for f in found:
        if f.severity == "note" or not f.where.startswith(("message", "offer.text")):
            continue
        topic = topic_of(f.evidence) if f.code == "MESSAGE_REVEALS_TRAIT" else f.code
        said.append(topic if topic in WORDS or topic in SAID else "family")
    return list(dict.fromkeys(said))


def _in_language(case: Case, said: list[str], language: int) -> None:
    parts = [OF_READER[language].format(WORDS[s][language]) if s in WORDS else SAID[s][language] for s in said]
    case["message"] = {"subject": parts[0], "body": " ".join(parts)}


def _moved(case: Case, put: Callable[[Case, str], None], word: str) -> None:
    kept = [SAID[code][0] for code in _said(judge(cases.campaign(case), POLICY)) if code in SAID]
    case["message"] = {"subject": "New in store", "body": " ".join(["Have a look at our offers.", *kept])}
    put(case, word)


def _behind(case: Case, rule: dict[str, Any]) -> None:
    case["audience"]["rules"] = [rule]


def _renamed(case: Case) -> None:
    for i, rule in enumerate(case["audience"]["rules"] + case["audience"]["exclusions"]):
        if "." in rule["field"] and not rule["field"].startswith(KEPT):
            kind, name = rule["field"].split(".", 1)
            rule["field"] = f"{kind}.{name.replace('_', '')}_{i}"
        elif rule["field"] == "segment.id" and isinstance(rule["value"], int):
            rule["value"] += 10


def _reordered(case: Case) -> None:
    case["audience"]["rules"].reverse()
    case["audience"]["exclusions"].reverse()
    case["offer"]["product_categories"].reverse()


def _camouflaged(case: Case) -> None:
    case["offer"]["product_categories"] += ["garden hoses", "bread", "light bulbs"]
    case["offer"]["text"] += "; also 10% off bread and light bulbs"
    case["message"]["body"] += " And for everyone: garden hoses, bread and light bulbs at low prices."


def _halved(case: Case) -> None:
    case["audience"]["size"] //= 2
    case["audience"]["rules"].append({"field": "profile.customer_number_half", "op": "=", "value": "first"})


def _shrunk(case: Case) -> None:
    case["audience"]["size"] = min(case["audience"]["size"], 40)


def _grown(case: Case) -> None:
    case["audience"]["size"] = 40_000


def _posted(case: Case) -> None:
    case["channel"] = "post" if case["channel"] == "email" else case["channel"]


def _excluding(case: Case) -> None:
    moved = [r for r in case["audience"]["rules"] if not r["field"].startswith("consent.")]
    case["audience"]["exclusions"] += moved
    case["audience"]["rules"] = [r for r in case["audience"]["rules"] if r["field"].startswith("consent.")]


def _wordwise(change: Callable[[str], str]) -> Callable[[Case], None]:
    def apply(case: Case) -> None:
        for part in ("subject", "body"):
            case["message"][part] = " ".join(change(w) for w in case["message"][part].split(" "))

    return apply


def _plain(word: str) -> bool:
    """No link, tag or number."""
    return not any(c.isdigit() or c in "<>=" for c in word)


def _inside(mark: str) -> Callable[[Case], None]:
    return _wordwise(lambda w: w[:2] + mark + w[2:] if w.isalpha() and len(w) > 3 else w)


ALWAYS: dict[str, Callable[[Case], None]] = {
    "rename fields": _renamed,
    "reorder rules": _reordered,
    "camouflage": _camouflaged,
    "split": _halved,
    "shrink": _shrunk,
    "e-mail to post": _posted,
    "exclusion": _excluding,
}
OF_COPY: dict[str, Callable[[Case], None]] = {
    "homoglyphs": _wordwise(lambda w: w.translate(CYRILLIC) if _plain(w) else w),
    "leet": _wordwise(lambda w: w.translate(LEET) if _plain(w) else w),
    "zero width": _inside("\u200b"),
    "soft hyphen": _inside("\u00ad"),
    "soft hyphen of HTML": _inside("&shy;"),
    "upper case": _wordwise(str.upper),
}
PLACES: dict[str, Callable[[Case, str], None]] = {
    "UTM": lambda c, t: c["message"].update(body=f"{c['message']['body']} https://shop.example/?utm_campaign={t.replace(' ', '_')}"),
    "alt text": lambda c, t: c["message"].update(body=f"{c['message']['body']} <img src='a.png' alt='{t}'>"),
    "coupon": lambda c, t: c["message"].update(coupon=t.replace(" ", "").upper() + "20"),
    "sender alias": lambda c, t: c["message"].update(sender_alias=f"Club {t}"),
}
