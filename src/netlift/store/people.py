"""People and what they may do. Roles are Django groups; the same people sign in to the console."""

from __future__ import annotations

import os
import pwd
import re

from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from netlift.errors import InputError, NotFound, Refused
from netlift.settings import environment
from netlift.store import audit, database

ROLES = {
    "author": "prepares plans and submits them",
    "analyst": "looks at segments, experiments and results",
    "reviewer": "votes on plans",
    "privacy": "votes on plans for the privacy office",
    "operator": "launches approved plans",
    "director": "reads reports",
    "agent": "works through call lists",
    "admin": "adds people",
}
VOTING_ROLES = ("reviewer", "privacy")
RESERVED = "netlift"  # acts in the audit trail when nobody does
OWNER_ROLES = ("admin", "author", "operator")  # never reviewer: nobody approves what he prepared


def add(name: str, role: str, *, password: str | None = None, by: str | None = None) -> None:
    """Give somebody a role; who is not known yet is added.

    Args:
        name: letters, digits and @ . + - _
        role: one of `ROLES`.
        password: for signing in to the console; None leaves it as it is (nobody signs in without one).
        by: who adds, an admin; None = the user of the command line.

    Raises:
        InputError: the name, the role or the password cannot be used.
        Refused: `by` is no admin.
    """
    if role not in ROLES:
        raise InputError(f"'{role}' is not a role; the roles are {', '.join(ROLES)}.")
    if not re.fullmatch(r"[\w.@+-]{1,150}", name):
        raise InputError(f"'{name}' cannot be a user name: use letters, digits and @ . + - _ only, at most 150.")
    if name == RESERVED:
        raise InputError(f"'{name}' is how the audit trail names what happens by itself; choose another user name.")
    by = acting(by)
    with transaction.atomic():
        require(by, "admin", "add people")
        person, is_new = User.objects.get_or_create(username=name)
        if password is not None:
            _set_password(person, password)
        elif is_new:
            person.set_unusable_password()
        person.save()
        person.groups.add(Group.objects.get_or_create(name=role)[0])
        audit.record("user add", actor=by, details={"name": name, "role": role, "password": password is not None})


def acting(name: str | None) -> str:
    """Who acts on the command line: `name`, else NETLIFT_USER, else the account of the operating system.

    A store that knows nobody yet first registers that account, with the roles of `OWNER_ROLES`.

    Raises:
        NotFound: nobody has that name.
        Refused: the user was deactivated.
    """
    if not User.objects.exists():
        _register_owner()
    name = name or environment().user or _account()
    if not user(name).is_active:
        raise Refused(f"The user '{name}' was deactivated.")
    return name


def require(name: str, role: str | tuple[str, ...], to_do: str) -> None:
    """Let pass who has the role (or one of several).

    Raises:
        Refused: the user has none of them, or is deactivated.
    """
    wanted = (role,) if isinstance(role, str) else role
    has = roles(name)
    if not set(wanted) & set(has):
        raise Refused(f"{name} may not {to_do}: that takes the role {' or '.join(wanted)}, and {name} has {', '.join(has) or 'none'}.")


def roles(name: str) -> list[str]:
    """The roles of an active user, sorted; empty for nobody."""
    return list(Group.objects.filter(user__username=name, user__is_active=True).order_by("name").values_list("name", flat=True))


def user(name: str) -> User:
    """The user with this name.

    Raises:
        NotFound: nobody has that name.
    """
    found = User.objects.filter(username=name).first()
    if found is None:
        raise NotFound(f"There is no user '{name}'; an admin adds one with: netlift user add {name} --role ROLE.")
    return found


def has_password(name: str) -> bool:
    """Whether somebody signs in with a password."""
    return user(name).has_usable_password()


def is_password(name: str, password: str) -> bool:
    """Whether this is somebody's password."""
    return user(name).check_password(password)


def known() -> list[dict[str, object]]:
    """Everybody: name, roles, active."""
    users = User.objects.order_by("username").prefetch_related("groups")
    return [{"name": u.username, "roles": sorted(g.name for g in u.groups.all()), "active": u.is_active} for u in users]


def _register_owner() -> None:
    with transaction.atomic():
        database.take_turns(database.REGISTERING)
        if User.objects.exists():
            return
        person = User(username=_account())
        person.set_unusable_password()
        person.save()
        for role in OWNER_ROLES:
            person.groups.add(Group.objects.get_or_create(name=role)[0])
        audit.record("user add", actor=person.username, details={"name": person.username, "role": ", ".join(OWNER_ROLES)})


def _account() -> str:
    """The operating system's account, from the system itself: an environment variable could be set to anything."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid{os.getuid()}"


def _set_password(person: User, password: str) -> None:
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise InputError(f"This password cannot be used: {' '.join(error.messages)}") from error
    person.set_password(password)
