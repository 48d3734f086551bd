"""Numbers of people that are never loaded: payment cards, bank accounts, national ids, passports, driving licences.

No campaign needs them and their loss does harm that cannot be undone, so they are refused, not protected. A column is
recognised by its name or by its values. It does not enter the engine, nor quarantine, and a finding says so; where the
settings ask for it, the table is refused. There is no switch to allow one: a column that only sounds like one (a flag,
a loyalty card) is given another name in the file or view.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
from pyarrow import types as is_a

from netlift import expressions
from netlift.engine import Engine
from netlift.errors import ExpressionError, Refused
from netlift.settings import TableSettings
from netlift.sources import quarantine
from netlift.sources.canonical import CANONICAL
from netlift.sources.landing import RAW
from netlift.sources.mapping import Mapping
from netlift.sources.quarantine import WITHHELD
from netlift.sources.relation import Batch, Relation

LINES, VALUES = 20_000, 1_000  # the first lines of all files together, and so many different values in them, are looked at
FEWEST, SHARE = 5, 0.5  # a column holds such numbers if so many of these are, and so large a share of them

# Endings of names, written together: card_number alone may be a loyalty card's, so its values decide.
_NAMES = {
    "a payment card's number or code": (
        *("creditcardnumber", "creditcardno", "creditcardnum", "debitcardnumber", "debitcardno", "paymentcardnumber", "ccnumber", "ccnum"),
        *("cvv", "cvv2", "cvc", "cvc2", "cardverificationvalue", "cardsecuritycode", "primaryaccountnumber"),
    ),
    "a bank account's number": ("iban", "bankaccount", "bankaccountnumber", "bankaccountno", "kontonummer"),
    "a national id": (
        *("nationalid", "nationalidnumber", "nationalidentitynumber", "nationalidentificationnumber", "identitycardnumber", "ssn"),
        *("idcardnumber", "socialsecurity", "socialsecuritynumber", "socialsecurityno", "nationalinsurancenumber", "aadhaar"),
        *("aadhaarnumber", "personnummer", "pesel", "codicefiscale", "steuerid", "steueridentifikationsnummer"),
        *("sozialversicherungsnummer", "personalausweisnummer", "taxpayerid"),
    ),
    "a passport's number": ("passportnumber", "passportno", "passnummer", "reisepassnummer"),
    "a driving licence's number": tuple(
        f"{who}{what}{end}"
        for who in ("driver", "drivers", "driving")
        for what in ("license", "licence")
        for end in ("", "number", "no", "id")
    ),
}
_MEANING = {name: meaning for meaning, names in _NAMES.items() for name in names}


def named(column: str) -> str | None:
    """What a column's name says that it holds, None where it is no number of this kind."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column).lower()
    words = [word for word in re.split(r"[^a-z0-9]+", spaced.replace("'", "")) if word]
    return next((_MEANING[end] for i in range(len(words)) if (end := "".join(words[i:])) in _MEANING), None)


# --- by their values ---------------------------------------------------------------------------------------------

# Lengths and first digits of the large issuers (ISO/IEC 7812); not those of shops' own cards.
_CARD = re.compile(
    r"4\d{15}(\d{3})?|5[1-5]\d{14}|2(22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(0[0-5]|[68]\d)\d{11}"
    r"|6(011|5\d\d|4[4-9]\d)\d{12}|35(2[89]|[3-8]\d)\d{12}|(5018|5020|5038|5893|6304|6759|676[123])\d{8,15}|62\d{14,17}"
)
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_NATIONAL = re.compile(
    r"(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}"  # United States
    r"|(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]"  # United Kingdom
    r"|[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]"  # Italy
)


def _is_card(text: str) -> bool:
    digits = re.sub(r"(?<=\d)[ -](?=\d)", "", text)
    if not _CARD.fullmatch(digits):
        return False
    doubled = (sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0  # Luhn: ISO/IEC 7812-1, annex B


def _is_account(text: str) -> bool:
    tight = text.replace(" ", "")
    return bool(_IBAN.fullmatch(tight)) and int("".join(str(int(c, 36)) for c in tight[4:] + tight[:4])) % 97 == 1  # ISO 13616


_FORMS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("payment card numbers", _is_card),
    ("bank account numbers", _is_account),
    ("national ids", _NATIONAL.fullmatch),
)


def recognised(values: Sequence[str]) -> str | None:
    """What most of these different values are, None where they are no numbers of this kind.

    Only forms that cannot be mistaken are looked for: one in ten random numbers passes the check digit of a card, so order
    numbers, EANs and phones stay far below half.
    """
    long = [value.strip() for value in values if 9 <= len(value) <= 50]
    for meaning, fits in _FORMS:
        hits = sum(1 for value in long if fits(value))
        if hits >= FEWEST and hits >= SHARE * len(values):
            return meaning
    return None


# --- kept out of a table -----------------------------------------------------------------------------------------


def check_settings(name: str, table: TableSettings) -> None:
    """Refuse settings that ask for a column whose name is of this kind, before anything is read.

    Raises:
        Refused: which column and why.
    """
    for column in sorted(asked_for(table)):
        if meaning := named(column):
            raise _refusal(name, column, f"by its name is {meaning}")


def withheld(relation: Relation) -> Relation:
    """The source without the columns whose names are of this kind; rows that cannot be read are not shown then."""
    found = {column: meaning for column in relation.columns if (meaning := named(column))}
    if not found:
        return relation
    relation.notes.extend(f"{column} is not loaded: by its name it is {meaning}." for column, meaning in found.items())
    return without(relation, found)


def without(relation: Relation, gone: Collection[str]) -> Relation:
    """The source without some columns; rows that cannot be read are not shown then."""
    kept = {column: kind for column, kind in relation.columns.items() if column not in gone}
    one = relation.one
    return replace(
        relation,
        columns=kept,
        batches=lambda columns: map(_without_text, relation.batches(columns)),
        one=None if one is None else lambda columns, number: map(_without_text, one(columns, number)),
    )


def emptied(rows: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Fetched rows (a table or batch) as they may be kept on disk: no values in the columns whose names are of this kind."""
    for i, found in enumerate(rows.schema):
        if named(found.name):
            rows = rows.set_column(i, found, pa.nulls(rows.num_rows, found.type))
    return rows


def take_out(engine: Engine, mapping: Mapping, table: TableSettings, relation: Relation) -> Mapping:
    """The mapping without the columns whose landed values are of this kind; their values are gone from the engine then.

    Raises:
        Refused: the settings ask for such a column, or a canonical column holds such numbers.
    """
    gone = holding(engine, mapping, table, relation)
    if not gone:
        return mapping
    for source in gone:
        engine.execute(f"UPDATE {RAW} SET {mapping.raw(source)} = NULL")
    quarantine.withhold(engine, mapping.table)
    return replace(mapping, columns=tuple(c for c in mapping.columns if c.source not in gone))


def holding(engine: Engine, mapping: Mapping, table: TableSettings, relation: Relation) -> set[str]:
    """The source's columns whose landed values are of this kind; the relation's notes say so.

    Looked at are VALUES different values of the files' first lines, LINES together.

    Raises:
        Refused: the settings ask for such a column, or a canonical column holds such numbers.
    """
    asked = asked_for(table)
    gone = set()
    lines = max(100, LINES // len(relation.files))
    for source in mapping.landed:
        meaning = recognised(_some(engine, mapping.raw(source), lines)) if _may_hold(relation.columns[source]) else None
        if meaning is None:
            continue
        if source in asked or any(c.source == source and c.name in CANONICAL[mapping.table].columns for c in mapping.columns):
            raise _refusal(mapping.table, source, f"holds {meaning}")
        relation.notes.append(f"{source} is not loaded: it holds {meaning}.")
        gone.add(source)
    return gone


def _may_hold(kind: object) -> bool:
    return any(fits(kind) for fits in (is_a.is_string, is_a.is_large_string, is_a.is_string_view, is_a.is_integer))


def _some(engine: Engine, raw: str, lines: int) -> list[str]:
    first = f"SELECT DISTINCT CAST({raw} AS VARCHAR) AS t FROM {RAW} WHERE __line <= {lines} AND {raw} IS NOT NULL"
    return [row[0] for row in engine.rows(f"SELECT t FROM ({first}) WHERE t <> '' ORDER BY md5(t) LIMIT {VALUES}")]


def asked_for(table: TableSettings) -> set[str]:
    """The names that the settings of a table use."""
    asked = {*table.columns, *table.columns.values(), *table.types}
    for text in (*table.derive.values(), *([table.where] if table.where else [])):
        try:
            asked |= expressions.columns_used(text)
        except ExpressionError:
            continue  # told in full when the mapping is checked
    return asked


def _refusal(name: str, column: str, why: str) -> Refused:
    return Refused(
        f"tables.{name} asks for '{column}', which {why}: netlift never loads card, account, passport, licence and national id numbers, "
        "because no campaign needs them and their loss cannot be undone; take it out of the settings, and use another id if it was one."
    )


def _without_text(batch: Batch) -> Batch:
    return replace(batch, rejects=tuple(replace(reject, text=WITHHELD) for reject in batch.rejects))
