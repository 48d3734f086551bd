"""Revocation by any reasonable means."""

from __future__ import annotations

import pytest

from netlift.rules import asks_to_stop


@pytest.mark.parametrize(
    "text", ["STOP", " stop. ", "S T O P", "Quit!", "END", "revoke", "Opt out", "OPT-OUT", "Cancel", "unsubscribe", "Arrêt", "KÜNDIGEN"]
)
def test_words_of_revocation(text: str) -> None:
    """Any case, blanks, punctuation and accents."""
    assert asks_to_stop(text) == "stop"


@pytest.mark.parametrize(
    "text", ["please take me off your list", "Don't contact me again", "stop it, will you", "bitte keine Werbung mehr"]
)
def test_free_text_is_for_a_person(text: str) -> None:
    """What may be a revocation goes into a queue."""
    assert asks_to_stop(text) == "unclear"


@pytest.mark.parametrize("text", ["", "yes please", "when does the shop open?", "nonstop flights", "👍"])
def test_other_texts_are_none(text: str) -> None:
    """A word inside another word is none."""
    assert asks_to_stop(text) == ""
