"""Campaigns written as JSON: one object each, as in the labelled cases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from netlift.errors import InputError
from netlift.review.campaign import Campaign, Condition, Consent, Measured, Proxy, Rate, Text, contacts

NOT_INPUT = frozenset({"id", "title", "expected", "reason", "split"})
PROSE = frozenset(
    {"subject", "body", "text", "preheader", "preview", "html", "script", "headline", "footer", "ps", "body_html", "body_text"}
)
KNOWN = frozenset({"rules", "exclusions", "size", "population", "sources", "inferred", "measured", "column_purposes"})


def read(line: str) -> tuple[str, Campaign]:
    """The id and the campaign of one line.

    Raises:
        InputError: no JSON object, or a part is missing or of another type; the message names it.
    """
    try:
        case = json.loads(line)
    except ValueError as error:
        raise InputError(f"This is not JSON ({error}); expected one JSON object a line.") from error
    if not isinstance(case, dict):
        raise InputError(f"A {type(case).__name__} was found, and a JSON object was expected.")
    if not isinstance(case.get("id"), str | int):
        raise InputError("The case has no id; give it one, as text.")
    return str(case["id"]), campaign(case)


def campaign(case: Mapping[str, Any]) -> Campaign:
    """The description of one campaign; what is not known counts as not given, never as harmless.

    Raises:
        InputError: as `read`.
    """
    audience, message, offer = _part(case, "audience"), _part(case, "message"), _part(case, "offer", needed=False)
    consent, pressure = _part(case, "consent", needed=False), _part(case, "pressure", needed=False)
    channel = case.get("channel")
    channels = (channel,) if isinstance(channel, str) else tuple(channel) if isinstance(channel, list) else ()
    if not channels or not all(isinstance(c, str) for c in channels):
        raise InputError(f"The channel is {channel!r}; expected a text such as 'email'.")
    planned = _number(pressure, "planned_sends", "pressure", default=1)
    kind = str(offer.get("kind", "")).lower()
    return Campaign(
        jurisdiction=str(case.get("jurisdiction") or ""),
        channels=tuple(c.lower() for c in channels),
        conditions=(*_conditions(audience, "rules"), *_conditions(audience, "exclusions")),
        size=_number(audience, "size", "audience"),
        population=_number(audience, "population", "audience", default=0),
        copy=(
            *_copy(message, "message"),
            *_copy({k: v for k, v in offer.items() if k not in {"kind", "pricing", "product_categories"}}, "offer"),
        ),
        consent=_consent(consent),
        contacts=contacts(
            _number(pressure, "sent_last_7d", "pressure", default=0) + planned,
            _number(pressure, "sent_last_30d", "pressure", default=0) + planned,
        ),
        lineage=tuple(_texts({k: v for k, v in audience.items() if k not in KNOWN}, "audience")),
        inferred=_inferred(audience),
        sources=tuple(_texts(audience.get("sources", []), "audience.sources")),
        offers=tuple(t for t in _texts(offer, "offer") if not t.where.startswith(("offer.kind", "offer.pricing"))),
        pricing=str(offer.get("pricing", "uniform")),
        prices=_prices(offer),
        material=kind not in {"reminder", "information", "service", "newsletter"},
        measured=_measured(_part(audience, "measured", needed=False)),
        purposes={str(k): str(v) for k, v in _part(audience, "column_purposes", needed=False).items()},
    )


def _part(whole: Mapping[str, Any], name: str, *, needed: bool = True) -> dict[str, Any]:
    part = whole.get(name)
    if part is None and not needed:
        return {}
    if not isinstance(part, dict):
        raise InputError(f"The part '{name}' is {'missing' if part is None else type(part).__name__}; expected a JSON object.")
    return part


def _number(part: Mapping[str, Any], name: str, of: str, *, default: int | None = None) -> int:
    value = part.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise InputError(f"'{of}.{name}' is {value!r}; expected a number of at least 0.")
    return int(value)


def _conditions(audience: Mapping[str, Any], name: str) -> Iterator[Condition]:
    listed = audience.get(name, [])
    if not isinstance(listed, list):
        raise InputError(f"'audience.{name}' is {type(listed).__name__}; expected a list of conditions.")
    for i, rule in enumerate(listed):
        where = f"audience.{name}[{i}]"
        if not isinstance(rule, dict) or not isinstance(rule.get("field"), str):
            raise InputError(f"'{where}' names no field; expected {{field, op, value}}.")
        yield Condition(where, rule["field"], str(rule.get("op", "=")), rule.get("value"), excluded=name == "exclusions")


def _texts(value: Any, where: str) -> Iterator[Text]:  # noqa: ANN401 - any JSON value
    """Every text in a value, with its path."""
    if isinstance(value, str):
        yield Text(where, value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, f"{where}.{key}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _texts(item, f"{where}[{i}]")


def _copy(part: Mapping[str, Any], name: str) -> tuple[Text, ...]:
    """What the reader can see: prose, and names that show (links, codes, alt texts, senders)."""
    return tuple(Text(t.where, t.text, tag=_leaf(t.where) not in PROSE) for t in _texts(dict(part), name))


def _leaf(where: str) -> str:
    return where.rsplit(".", 1)[-1].split("[", 1)[0].lower()


def _consent(part: Mapping[str, Any]) -> Consent:
    purposes = part.get("purposes") or []
    return Consent(
        basis=str(part.get("basis") or "").lower(),
        purposes=tuple(str(p) for p in (purposes if isinstance(purposes, list) else [purposes])),
        opt_in=part.get("sensitive_opt_in") is True,
        notice=any(part.get(name) is True for name in ("notice", "art14_notice", "source_notice")),
    )


def _inferred(audience: Mapping[str, Any]) -> tuple[Text, ...]:
    listed = audience.get("inferred") or []
    if not isinstance(listed, list):
        raise InputError(f"'audience.inferred' is {type(listed).__name__}; expected a list.")
    named = [(i, trait.get("attribute") if isinstance(trait, dict) else trait) for i, trait in enumerate(listed)]
    return tuple(Text(f"audience.inferred[{i}].attribute", str(name)) for i, name in named)


def _prices(offer: Mapping[str, Any]) -> tuple[float, float] | None:
    own = next((offer[k] for k in ("price", "personal_price") if isinstance(offer.get(k), int | float)), None)
    public = next((offer[k] for k in ("list_price", "public_price", "shelf_price") if isinstance(offer.get(k), int | float)), None)
    return (float(own), float(public)) if own is not None and public is not None else None


def _measured(part: Mapping[str, Any]) -> Measured:
    cells = part.get("small_cells")
    return Measured(
        auc={name: Proxy(*_pair(v, "auc", "low", name)) for name, v in _part(part, "protected_auc", needed=False).items()},  # type: ignore[arg-type]
        ratio={name: Rate(*_pair(v, "ratio", "q", name)) for name, v in _part(part, "selection_ratio", needed=False).items()},  # type: ignore[arg-type]
        leak={name: _pair(v, "auc", "low", name)[0] or 0.0 for name, v in _part(part, "feature_auc", needed=False).items()},
        small_cells=float(cells) if isinstance(cells, int | float) else None,
    )


def _pair(value: Any, first: str, second: str, name: str) -> tuple[float | None, float | None]:  # noqa: ANN401 - any JSON value
    one, two = (value.get(first), value.get(second)) if isinstance(value, dict) else (value, None)
    if isinstance(one, bool) or not isinstance(one, int | float):
        raise InputError(f"The figure measured of '{name}' is {value!r}; expected a number.")
    return float(one), float(two) if isinstance(two, int | float) else None
