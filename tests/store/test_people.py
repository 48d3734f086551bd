from __future__ import annotations

import os
import pwd
from collections.abc import Callable

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User

from netlift.errors import InputError, NotFound, Refused
from netlift.store import audit, people
from netlift.store.models import AuditEvent


def test_owner_is_registered_but_is_no_reviewer(owner: str) -> None:
    """The account that first uses a store may do all but vote."""
    assert owner == pwd.getpwuid(os.getuid()).pw_name
    assert people.roles(owner) == ["admin", "author", "operator"]


def test_owner_is_not_named_by_the_environment(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """USER and LOGNAME can be set to anything and change nothing."""
    monkeypatch.setenv("USER", "mallory")
    monkeypatch.setenv("LOGNAME", "mallory")
    assert people.acting(None) == owner


def test_netlift_user_acts(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """NETLIFT_USER names who acts, and a name given stands before it."""
    people.add("mia", "reviewer")
    monkeypatch.setenv("NETLIFT_USER", "mia")
    assert people.acting(None) == "mia"
    assert people.acting(owner) == owner


def test_unknown_user(owner: str) -> None:
    """A name nobody has says how to add it."""
    with pytest.raises(NotFound, match="netlift user add eve --role"):
        people.acting("eve")


def test_only_admins_add_people(owner: str) -> None:
    """Somebody without the role cannot make himself a reviewer."""
    people.add("anna", "author")
    with pytest.raises(Refused, match="anna may not add people: that takes the role admin, and anna has author"):
        people.add("anna", "reviewer", by="anna")
    assert people.roles("anna") == ["author"]


def test_adding_again_adds_a_role(owner: str) -> None:
    """One person may have several roles; each addition is in the trail."""
    people.add("anna", "author")
    people.add("anna", "operator")
    assert people.roles("anna") == ["author", "operator"]
    assert AuditEvent.objects.filter(act="user add").count() == 3
    assert audit.verify().whole


def test_password_signs_in_and_none_does_not(owner: str) -> None:
    """A password is for the console; without one nobody signs in."""
    people.add("anna", "director", password="correct horse battery")
    people.add("bert", "director")
    assert authenticate(username="anna", password="correct horse battery") is not None
    assert authenticate(username="anna", password="wrong") is None
    assert authenticate(username="bert", password="") is None
    assert User.objects.get(username="anna").password.startswith("scrypt$")


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: people.add("anna", "boss"), "'boss' is not a role; the roles are author"),
        (lambda: people.add("an na", "author"), "'an na' cannot be a user name"),
        (lambda: people.add("", "author"), "'' cannot be a user name"),
        (lambda: people.add("anna", "author", password="short"), "too short"),
    ],
)
def test_wrong_input_is_named_and_adds_nobody(owner: str, act: Callable[[], None], message: str) -> None:
    """Each mistake has its sentence and leaves nobody half-added."""
    with pytest.raises(InputError, match=message):
        act()
    assert [one["name"] for one in people.known()] == [owner]


def test_deactivated_people_do_nothing(owner: str) -> None:
    """Who is deactivated can neither act nor pass a check of a role."""
    people.add("anna", "author")
    User.objects.filter(username="anna").update(is_active=False)
    with pytest.raises(Refused, match="deactivated"):
        people.acting("anna")
    with pytest.raises(Refused, match="has none"):
        people.require("anna", "author", "prepare plans")
