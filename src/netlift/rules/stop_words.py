"""REVOKE: whether a reply asks to stop. Source: 47 CFR 64.1200(a)(10); words of other languages by field knowledge."""

from __future__ import annotations

import re
import unicodedata

# a reply that is nothing but one of these stops at once
WORDS = frozenset(
    [
        *("stop", "stopall", "quit", "end", "revoke", "optout", "cancel", "unsubscribe"),  # 47 CFR 64.1200(a)(10)
        *("stopp", "abmelden", "abbestellen", "ende", "kuendigen", "beenden", "widerruf"),
        *("arret", "arreter", "desabonner", "desinscrire", "baja", "parar", "cancelar", "alto", "fin"),
    ]
)
# a longer text with one of these is for a person to read
HINTS = (
    *("stop", "unsubscribe", "opt out", "remove me", "take me off", "do not contact", "dont contact", "dont call", "no more"),
    *("leave me alone", "abmelden", "abbestellen", "keine werbung", "nicht mehr", "desabonner", "ne plus", "no me", "baja"),
)


def asks_to_stop(text: str) -> str:
    """Answer "stop" for a word of revocation, "unclear" for what somebody has to read, "" for what does not ask to stop.

    Case, accents, blanks and punctuation make no difference.
    """
    plain = _plain(text)
    if plain.replace(" ", "") in WORDS:
        return "stop"
    padded = f" {plain} "
    return "unclear" if any(f" {hint} " in padded for hint in HINTS) or set(plain.split()) & WORDS else ""


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold().replace("ü", "ue").replace("'", "").replace("’", ""))
    letters = "".join(c for c in folded if not unicodedata.combining(c))
    return re.sub(r"[^a-z]+", " ", letters).strip()
