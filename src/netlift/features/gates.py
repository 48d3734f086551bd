"""How much data a project should have, and how much of it is missing: said as notes, never a reason to stop."""

from __future__ import annotations

from netlift.engine import Session
from netlift.features.clock import Clock
from netlift.records import Outcome, Tables

BUYERS = 500  # customers who bought
DAYS = 180  # from the first sale to the features' date
ANSWERS = 100  # contacts answered, and as many not answered


def gates(session: Session, tables: Tables, moment: Clock, outcome: Outcome | None) -> tuple[str, ...]:
    """One note for each measure that is not reached, with what was found and how many are missing."""
    found = []
    if tables.has("transactions"):
        buyers = session.rows("SELECT count(*) FROM features_purchases")[0][0]
        days = (moment.local - (moment.first or moment.local)).days
        found += [_short(f"{buyers:,} customers have bought", buyers, BUYERS, "what is learnt from purchases is unsure")]
        found += [_short(f"purchases span {days:,} days", days, DAYS, "habits and seasons can hardly be told apart")]
    if outcome is not None:
        yes = int(outcome.responses.sum())
        no = int(outcome.contacts.sum()) - yes
        found += [_short(f"{yes:,} past contacts were answered", yes, ANSWERS, "rates of answers are unsure")]
        found += [_short(f"{no:,} past contacts were not answered", no, ANSWERS, "rates of answers are unsure")]
    return tuple(note for note in found if note)


def _short(what: str, number: int, needed: int, so: str) -> str:
    return "" if number >= needed else f"{what}, and {needed} are advised ({needed - number:,} more): until then {so}"
