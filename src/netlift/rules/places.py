"""Where somebody may be: candidate jurisdictions and time zones from address, number, declared country and declared zone.

Unknown counts as the strictest. Numbers are ported and people move, so every candidate holds.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
from phonenumbers.tzdata import TIMEZONE_DATA

from netlift.rules.packs import STRICTEST, packs

EU = frozenset(
    [
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT"),
        *("NL", "PL", "PT", "RO", "SE", "SI", "SK", "IS", "LI", "NO"),  # the last three: the EEA
    ]
)
OWN = {"DE": "DE", "FR": "FR", "GB": "UK", "UK": "UK", "US": "US", "CA": "CA", "IN": "IN"}
NOWHERE = "Etc/Unknown"  # what phonenumbers answers where it does not know
COUNTRY_CODES = frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))
NORTH_AMERICA = "1"  # country code of many countries: the area code tells which


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody may be."""

    packs: frozenset[str]
    zones: tuple[str, ...]  # () = not known
    holidays: frozenset[tuple[str, str]]


@functools.lru_cache(maxsize=65536)
def place(country: str = "", region: str = "", time_zone: str = "", number: str = "") -> Place:
    """Every jurisdiction and zone somebody may be in.

    Args:
        country: ISO 3166-1 code of the postal address, or declared.
        region: ISO 3166-2 code of its subdivision, such as "FL" or "US-FL".
        time_zone: the declared IANA name.
        number: what `prefix` made of the telephone number.
    """
    country, region = _country(country), _region(country, region)
    declared = _zone(time_zone)
    zone_countries = _zone_countries().get(declared, ("",)) if declared else ()  # "" = a zone of no country
    by_number, number_zones = _of_number(number)
    countries = {country, *by_number, *zone_countries} - {""}
    found = {name for one in countries for name in _packs(one, region if one == country else "")}
    unreadable = (time_zone.strip() and not declared) or "" in zone_countries or (number and not by_number)
    if not country or unreadable:
        found.add(STRICTEST)
    zones = _zones(country, region, declared, number_zones)
    return Place(frozenset(found), zones, frozenset((one, region[3:] if one == country else "") for one in countries))


@functools.lru_cache(maxsize=65536)
def prefix(number: str, country: str = "") -> str:
    """As much of a telephone number as says where it may be, E.164 without the plus; "" = none, "?" = it cannot be read."""
    digits = re.sub(r"[^\d+]", "", number)
    if not digits:
        return ""
    if not digits.startswith("+"):
        try:
            parsed = phonenumbers.parse(digits, _country(country) or None)
        except phonenumbers.NumberParseException:
            return "?"
        digits = f"+{parsed.country_code}{parsed.national_number}"
    digits = digits[1:]
    code = _code(digits)
    if not code:
        return "?"
    if code == NORTH_AMERICA:
        return digits[:4]
    return digits[:8] if len(COUNTRY_CODE_TO_REGION_CODE[int(code)]) > 1 else code


def _code(digits: str) -> str:
    """The country code that a number begins with; "" = none."""
    return next((digits[:n] for n in (1, 2, 3) if digits[:n] in COUNTRY_CODES), "")


@functools.lru_cache(maxsize=65536)
def _of_number(start: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Countries and zones of a number that begins like this."""
    code = _code(start)
    if not code:
        return frozenset(), ()
    every = [one for one in COUNTRY_CODE_TO_REGION_CODE[int(code)] if one.isalpha()]
    if len(every) > 1:
        probe = phonenumbers.PhoneNumber(country_code=int(code), national_number=int((start[len(code) :] + "2345678901")[:10] or 0))
        told = phonenumbers.region_code_for_number(probe)
        every = [told] if told else ["US", "CA"] if code == NORTH_AMERICA else every
    return frozenset(every), _number_zones(start)


@functools.lru_cache(maxsize=65536)
def _number_zones(start: str) -> tuple[str, ...]:
    """Every zone of the numbers that begin like this: of the whole country code, but for area codes of North America."""
    code = _code(start)
    area = (
        {zone for one, zones in TIMEZONE_DATA.items() if one.startswith(start) for zone in zones}
        if code == NORTH_AMERICA != start
        else set()
    )
    return tuple(sorted((area or set(TIMEZONE_DATA.get(start, TIMEZONE_DATA.get(code, ())))) - {NOWHERE}))


def _packs(country: str, region: str) -> frozenset[str]:
    """The packs of a country; of one with states and no known state: of every state."""
    if country in OWN:
        name = OWN[country]
        states = {one for one in packs() if one.startswith(f"{name}-")}
        return frozenset({name} | (states if not region else states & {region}))
    return frozenset({"EU"} if country in EU else {STRICTEST})


def _zones(country: str, region: str, declared: str, number_zones: tuple[str, ...]) -> tuple[str, ...]:
    """The declared zone; else the address's, of a wide country those that the number may be in; else every zone of the number."""
    if declared:
        return (declared,)
    of_country = _country_zones().get("GB" if country == "UK" else country, ())
    narrower = tuple(zone for zone in of_country if zone in number_zones)
    return _region_zones().get(region, ()) or narrower or of_country or number_zones


def _country(text: str) -> str:
    """The code in capitals; "" where nothing is told."""
    return text.strip().upper()


def _region(country: str, text: str) -> str:
    """The subdivision as COUNTRY-CODE; "" where it is not told or no code."""
    code = text.strip().upper().removeprefix(f"{_country(country)}-")
    return f"{_country(country)}-{code}" if re.fullmatch(r"[A-Z0-9]{1,3}", code) and country.strip() else ""


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text.strip()).key if text.strip() else ""
    except (KeyError, ValueError, OSError):  # no such name, or no name at all
        return ""


@functools.cache
def _tab() -> tuple[tuple[str, str], ...]:
    """Country and zone, from the time zone database."""
    lines = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines()
    return tuple((line.split("\t")[0], line.split("\t")[2]) for line in lines if line and not line.startswith("#"))


@functools.cache
def _country_zones() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for country, zone in _tab():
        found.setdefault(country, []).append(zone)
    return {country: tuple(sorted(zones)) for country, zones in found.items()}


@functools.cache
def _zone_countries() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for country, zone in _tab():
        found[zone] = (*found.get(zone, ()), country)
    for line in files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text(encoding="utf-8").splitlines():
        if line.startswith("L "):
            _, target, alias = line.split()
            found.setdefault(alias, found.get(target, ()))
    return {zone: countries for zone, countries in found.items() if countries}


@functools.cache
def _region_zones() -> Mapping[str, tuple[str, ...]]:
    lines = files("netlift.rules").joinpath("data", "zones_us_ca.txt").read_text(encoding="utf-8").splitlines()
    return {words[0]: tuple(words[1:]) for line in lines if not line.startswith("#") and (words := line.split())}
