"""Rule packs: what a jurisdiction asks for on each channel, as versioned data with sources; strictest of all candidates wins."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any

from netlift.errors import InputError, Refused
from netlift.rules.hours import Windows, windows

CHANNELS = ("email", "sms", "phone", "post", "export")
MARKS = {"R": "read", "R2": "read in a secondary text", "U": "unverified", "P": "policy", "M": "measured"}
PACK = ("id", "name", "version", "date", "verified_by", "verified_on")  # every pack says these, and may extend another
RULE = ("id", "channels", "source", "mark")  # every rule says these, and may have parameters
# rule -> its parameters; those with a ? may be left out
PARAMETERS: dict[str, dict[str, type]] = {
    "OPT_OUT": {},
    "REVOKE": {},
    "DNC": {"days": int, "lists": list},
    "CONSENT": {"soft_opt_in": bool},
    "CALL_CONSENT": {},
    "WRITTEN_CONSENT": {},
    "CONSENT_AGE": {"months": int, "inquiry_months": int},
    "DOI": {"since": date},
    "CONTACT_CAP": {"per_day": int, "per_30_days?": int, "silence_days?": int},
    "QUIET_HOURS": {"weekdays": list, "saturday": list, "sunday": list, "holidays": list},
    "IDENTITY": {},
    "ONE_CLICK": {},
    "AUTH": {},
    "COMPLAINTS": {"share": float},
    "SENDER_ID": {},
    "SMS_LENGTH": {},
    "MARKING": {},
    "EXPORT_SENSITIVE": {},
}
DEFAULT, STRICTEST = "DEFAULT", "STRICTEST"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one pack."""

    id: str
    channels: frozenset[str]
    source: str
    mark: str  # of MARKS
    parameters: Mapping[str, Any]
    pack: str
    hours: Windows | None = None  # of QUIET_HOURS


@dataclass(frozen=True, slots=True)
class Pack:
    """The rules of one jurisdiction, on top of those it extends."""

    id: str
    name: str
    version: int
    issued: date
    verified_by: str  # who signed it as counsel; "" = nobody yet
    verified_on: date | None
    extends: str
    rules: tuple[Rule, ...]

    @property
    def signed(self) -> str:
        """Whether counsel signed it, in words."""
        return (
            f"signed by {self.verified_by} on {self.verified_on}" if self.verified_by and self.verified_on else "not yet signed by counsel"
        )


def read_pack(text: str, file: str) -> Pack:
    """The pack in a TOML text.

    Raises:
        InputError: it is not a pack: an unknown key, a missing source, a wrong value.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"The rule pack '{file}' is not valid TOML ({error}); correct it.") from error
    _keys(data, (*PACK, "rules"), ("extends",), where=f"The rule pack '{file}'")
    for name, kind in (("id", str), ("name", str), ("version", int), ("date", date)):
        _is(data[name], kind, f"The rule pack '{file}' has {name}")
    if not data["rules"]:
        raise InputError(f"The rule pack '{file}' has no rules; add [[rules]].")
    rules = tuple(_rule(rule, data["id"], file) for rule in data["rules"])
    signed = data["verified_on"] or None
    if bool(signed) != bool(data["verified_by"]) or not (signed is None or type(signed) is date):
        raise InputError(
            f"The rule pack '{file}' has verified_by without verified_on, or the other way round; give a name and a day, or none."
        )
    return Pack(data["id"], data["name"], data["version"], data["date"], data["verified_by"], signed, data.get("extends", ""), rules)


def _rule(data: Mapping[str, Any], pack: str, file: str) -> Rule:
    where = f"The rule {data.get('id', '(without id)')} of the pack '{file}'"
    _keys(data, RULE, ("parameters",), where=where)
    if data["id"] not in PARAMETERS:
        raise InputError(f"{where} is not known; the rules are {', '.join(PARAMETERS)}.")
    if not str(data["source"]).strip():
        raise InputError(f"{where} names no source; write the law or the text it comes from.")
    if data["mark"] not in MARKS:
        raise InputError(f"{where} has the mark '{data['mark']}'; the marks are {', '.join(MARKS)}.")
    unknown = sorted(set(data["channels"]) - set(CHANNELS))
    if unknown or not data["channels"]:
        raise InputError(f"{where} is for the channel '{unknown[0] if unknown else ''}'; the channels are {', '.join(CHANNELS)}.")
    given, kinds = data.get("parameters", {}), PARAMETERS[data["id"]]
    needed = [name for name in kinds if not name.endswith("?")]
    _keys(given, needed, [name.rstrip("?") for name in kinds if name.endswith("?")], where=where)
    for name, value in given.items():
        _is(value, kinds.get(name) or kinds[f"{name}?"], f"{where} has {name}")
    hours = windows(given, where) if data["id"] == "QUIET_HOURS" else None
    return Rule(data["id"], frozenset(data["channels"]), data["source"], data["mark"], given, pack, hours)


def _keys(data: Mapping[str, Any], needed: Iterable[str], allowed: Iterable[str], *, where: str) -> None:
    needed = list(needed)
    unknown = sorted(set(data) - set(needed) - set(allowed))
    missing = [name for name in needed if name not in data]
    if unknown:
        raise InputError(f"{where} has the unknown key '{unknown[0]}'; the keys are {', '.join([*needed, *allowed]) or 'none'}.")
    if missing:
        raise InputError(f"{where} has no '{missing[0]}'; add it.")


def _is(value: Any, kind: type, what: str) -> None:  # noqa: ANN401 - any TOML value
    if type(value) is not kind or (isinstance(value, int | float) and value < 0):
        names = {
            str: "a text",
            int: "a whole number from 0",
            float: "a number from 0",
            bool: "true or false",
            date: "a day",
            list: "a list",
        }
        raise InputError(f"{what} = {value!r}, and {names[kind]} is expected.")


@functools.cache
def packs() -> Mapping[str, Pack]:
    """Every pack that netlift ships, by id."""
    folder = files("netlift.rules").joinpath("data")
    found = {}
    for file in sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name):
        pack = read_pack(file.read_text(encoding="utf-8"), file.name)
        if pack.id in found:
            raise InputError(f"Two rule packs have the id '{pack.id}'; give each its own.")
        found[pack.id] = pack
    strangers = sorted(pack.extends for pack in found.values() if pack.extends and pack.extends not in found)
    if strangers:
        raise InputError(f"A rule pack extends '{strangers[0]}', which is not there; the packs are {', '.join(found)}.")
    return found


def versions() -> dict[str, int]:
    """The version of every pack: what an approval binds to."""
    return {pack.id: pack.version for pack in packs().values()}


def check_versions(approved: Mapping[str, int]) -> None:
    """The packs in force are not older than those that were approved.

    Raises:
        Refused: one is older, or gone.
    """
    now = versions()
    for name, version in sorted(approved.items()):
        if now.get(name, 0) < version:
            found = f"version {now[name]}" if name in now else "not there"
            raise Refused(f"The rule pack {name} is {found}, and version {version} was approved; install a netlift that has it.")


@functools.lru_cache(maxsize=4096)
def rules_for(candidates: frozenset[str], channel: str) -> tuple[Rule, ...]:
    """Every rule that holds on a channel: those of everywhere, of each candidate, and of what a candidate extends.

    A channel by another name is a way of sending e-mail, as every channel that can be set up is.
    """
    channel = channel if channel in CHANNELS else "email"
    known, found = packs(), {DEFAULT}
    for name in candidates:
        parent = name if name in known else STRICTEST
        while parent:
            found.add(parent)
            parent = known[parent].extends
    order = {name: place for place, name in enumerate(PARAMETERS)}
    rules = [rule for name in found for rule in known[name].rules if channel in rule.channels]
    return tuple(sorted(rules, key=lambda rule: (order[rule.id], rule.pack != DEFAULT, rule.pack)))
