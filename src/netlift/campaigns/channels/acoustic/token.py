"""The access token, asked for with the refresh token and shared by all processes of a data directory.

A token lives four hours. Before its third hour the platform answers with the same one, and it wants about one request in three hours:
so it is kept in a file, and renewed when it is older than three hours, has less than ten minutes to live, or was refused.
"""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import httpx

from netlift.campaigns.channels.acoustic.faults import AuthLost, Throttled
from netlift.campaigns.channels.acoustic.slots import locked, slot
from netlift.settings import AcousticSettings

OLD, SHORT = 3 * 3600, 600  # seconds: age from which a new one is asked for; life that is too little
ATTEMPTS, FIRST_WAIT = 4, 1.0  # tries; seconds before the second one, doubled for each after it


def token(settings: AcousticSettings, http: httpx.Client, folder: Path, *, refused: str | None = None) -> str:
    """The token of now. One process asks for it, the others wait and read.

    Args:
        settings: where and as whom.
        http: asked with.
        folder: of the organisation, in the data directory.
        refused: a token that the platform did not take: a new one is asked for, which may be the same.

    Raises:
        AuthLost: the platform refuses the sign-in.
        Throttled: it cannot be reached.
    """
    lock = locked(folder / "token.lock")
    try:
        path = folder / "token.json"
        kept = _kept(path)
        if kept and kept["token"] != refused:
            return str(kept["token"])
        fresh = _asked(settings, http, folder)
        _keep(path, fresh)
        return str(fresh["token"])
    finally:
        os.close(lock)


def _kept(path: Path) -> dict[str, Any] | None:
    """What the file holds, if it is still good."""
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        good = time.time() < min(kept["asked"] + OLD, kept["ends"] - SHORT)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return kept if good else None


def _keep(path: Path, fresh: dict[str, Any]) -> None:
    draft = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(fresh, file)
    draft.replace(path)


def _place(settings: AcousticSettings) -> str:
    return settings.token_url or f"{settings.url.rstrip('/')}/oauth/token"


def _asked(settings: AcousticSettings, http: httpx.Client, folder: Path) -> dict[str, Any]:
    form = {
        "grant_type": "refresh_token",
        "client_id": settings.client_id,
        "client_secret": settings.client_secret(),
        "refresh_token": settings.refresh_token(),
    }
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(FIRST_WAIT * 2 ** (attempt - 1) * random.uniform(0.8, 1.2))  # noqa: S311 -- spreads load, guards nothing
        now = time.time()
        try:
            with slot(folder, settings.connections):
                response = http.post(_place(settings), data=form)
        except httpx.RequestError:
            continue
        if response.status_code == 429 or response.status_code >= 500:
            continue
        return _read(settings, response, now)
    raise Throttled(f"Acoustic Campaign gives no token at {_place(settings)}, asked {ATTEMPTS} times; try again later.")


def _read(settings: AcousticSettings, response: httpx.Response, now: float) -> dict[str, Any]:
    try:
        told = response.json()
        if response.status_code == 200:
            return {"token": str(told["access_token"]), "asked": now, "ends": now + float(told["expires_in"])}
        error = str(told.get("error", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        error = ""
    why = error if error.replace("_", "").isalpha() and len(error) < 40 else "no token in the answer"
    raise AuthLost(
        f"Acoustic Campaign refuses the sign-in of the application at {_place(settings)} ({response.status_code}, {why}); "
        "check client_id, client secret and refresh token of the channel."
    )
