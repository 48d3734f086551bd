"""What exactly the committee approves: everything that will be sent and to whom, and the hash that binds the approval."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np

from netlift.records import Audience, Plan, Texts
from netlift.settings import ChannelSettings, Settings
from netlift.store.canonical import canonical, digest


class Hash(Protocol):
    """A hash that is being computed."""

    def update(self, data: bytes, /) -> None:
        """Take in more."""


def freeze(plan: Plan, settings: Settings) -> dict[str, Any]:
    """The content of an approval, ready for JSON: decimals as text, the people as hashes and counts, no contact data.

    It also holds what launching needs of netlift.toml: channels (where a secret is found, never the secret) and quorum.
    """
    used = sorted({str(channel) for channel in plan.audience.channel[plan.audience.contacted()]})
    without = sum(not proof for proof in plan.consent[plan.audience.contacted()])
    return {
        "format": 1,
        "name": plan.name,
        "country": plan.country,
        "audience": {"sha256": audience_hash(plan.audience), "people": len(plan.audience.customer_ids), "counts": plan.audience.counts()},
        "consent": {"sha256": _rows_hash(plan.audience.customer_ids, plan.consent), "contacted_without": without},
        "messages": [asdict(message) for message in plan.messages],
        "segments": {str(segment): name for segment, name in sorted(plan.segments.items())},
        "inputs": [asdict(feature) for feature in plan.inputs],
        "holdout": repr(float(plan.holdout)),
        "salt_id": plan.salt_id,
        "budget": repr(float(plan.budget)),
        "channels": {name: _channel(settings, name) for name in used if name in settings.channels},
        "channels_used": used,
        "quorum": settings.review.quorum,
        "policy": _decimals_as_text(settings.review.model_dump(mode="json")),
    }


def approval_hash(content: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of what `freeze` made: one changed byte changes it."""
    return digest(content)


def audience_hash(audience: Audience) -> str:
    """SHA-256 over everybody, sorted by id: customer id, offer, channel, arm, reason of exclusion."""
    return _rows_hash(audience.customer_ids, audience.offer, audience.channel, audience.arm, audience.excluded_reason)


def hash_part(audience: Audience, sha: Hash) -> None:
    """Take the next people, in the order of their ids, into a SHA-256 that becomes `audience_hash` of all."""
    columns = audience.customer_ids, audience.offer, audience.channel, audience.arm, audience.excluded_reason
    for row in zip(*columns, strict=True):
        sha.update(canonical(list(row)) + b"\n")


def _rows_hash(customer_ids: Texts, *columns: Texts) -> str:
    sha = hashlib.sha256()
    for i in np.argsort(customer_ids.astype(str), kind="stable"):
        sha.update(canonical([customer_ids[i], *(column[i] for column in columns)]) + b"\n")
    return sha.hexdigest()


def _channel(settings: Settings, name: str) -> dict[str, Any]:
    channel: ChannelSettings = settings.channels[name]
    if channel.password_file:
        channel = channel.model_copy(update={"password_file": str(settings.folder / channel.password_file)})
    plain: dict[str, Any] = _decimals_as_text(channel.model_dump(mode="json"))
    return plain


def _decimals_as_text(value: Any) -> Any:  # noqa: ANN401 -- any JSON value
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return {key: _decimals_as_text(entry) for key, entry in value.items()}
    return [_decimals_as_text(entry) for entry in value] if isinstance(value, list | tuple) else value
