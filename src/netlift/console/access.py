"""Who may open which page. Every page names its roles in urls.py; a page without roles cannot be written."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path

from netlift.errors import NetliftError, NotFound, Refused
from netlift.store.people import ROLES, VOTING_ROLES

ANYONE = frozenset(ROLES)
READERS = ANYONE - {"agent"}
VOTERS = frozenset(VOTING_ROLES)
AUTHORS = frozenset({"author"})
OPERATORS = frozenset({"operator"})

View = Callable[..., HttpResponseBase]


def roles_of(user: AbstractBaseUser | AnonymousUser) -> frozenset[str]:
    """The roles of whoever is signed in; none for nobody."""
    return frozenset(user.groups.values_list("name", flat=True)) if isinstance(user, User) else frozenset()


def page(route: str, view: View, *, name: str, roles: frozenset[str]) -> URLPattern:
    """A page that only these roles may open; an error made on purpose becomes a page that says it."""

    @wraps(view)
    def guarded(request: HttpRequest, **arguments: Any) -> HttpResponseBase:  # noqa: ANN401 -- what the route carries
        mine = roles_of(request.user)
        try:
            if not mine & roles:
                raise Refused(_no_permission(mine, roles))
            return view(request, **arguments)
        except NetliftError as error:
            return problem(request, error)

    guarded.roles = roles  # type: ignore[attr-defined]  # read by the test of all pages
    return path(route, guarded, name=name)


def problem(request: HttpRequest, error: NetliftError) -> HttpResponse:
    """The page that says what went wrong."""
    return render(request, "console/problem.html", {"message": str(error)}, status=status(error))


def status(error: NetliftError) -> int:
    """The HTTP status of an error."""
    return 404 if isinstance(error, NotFound) else 403 if isinstance(error, Refused) else 400


def _no_permission(mine: frozenset[str], roles: frozenset[str]) -> str:
    if not mine:
        return "You have no role yet; an admin gives you one with: netlift user add NAME --role ROLE."
    return f"This page is for {', '.join(sorted(roles))}; you are {', '.join(sorted(mine))}."
