"""What exactly the committee approves: everything that will be sent and to whom, and the hash that binds the approval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from netlift import rules
from netlift.records import Audience, Plan, ReviewResult, Texts
from netlift.settings import AnyChannel, ChannelSettings, Settings
from netlift.store import erased, keys
from netlift.store.canonical import canonical, digest
from netlift.store.set_hash import SetHash

AUDIENCE = "audience.parquet"


def freeze(plan: Plan, settings: Settings, result: ReviewResult, *, file: str = AUDIENCE) -> dict[str, Any]:
    """The content of an approval, ready for JSON: decimals as text, the people as hashes and counts, no contact data.

    `result` is what the checks found: the committee approves in its knowledge. `file` holds the people, in the run's folder.

    It also holds what launching needs of netlift.toml: channels (where a secret is found, never the secret) and quorum.
    """
    used = sorted({str(channel) for channel in plan.audience.channel[plan.audience.contacted()]})
    without = sum(not proof for proof in plan.consent[plan.audience.contacted()])
    people = {"sha256": audience_hash(plan.audience), "people": len(plan.audience.customer_ids), "counts": plan.audience.counts()}
    zone = settings.project.time_zone
    return {
        "format": 3,
        "name": plan.name,
        "country": plan.country,
        "audience": {**people, "file": file},
        "max_recipients": int(plan.audience.contacted().sum()),
        "window": {"start": _utc(settings.campaign.start, zone), "end": _utc(settings.campaign.end, zone)},
        "time_zone": zone,
        "consent": {"sha256": _consents_hash(plan), "contacted_without": without},
        "messages": [asdict(message) for message in plan.messages],
        "offers": _decimals_as_text([o.model_dump(mode="json") for o in settings.offers]),
        "categories": list(plan.categories),
        "model": plan.model,
        "chosen_by": _decimals_as_text([asdict(one) for one in plan.chosen_by]),
        "definitions": dict(plan.definitions),
        "sources": list(plan.sources),
        "purposes": dict(plan.purposes),
        "notice": plan.notice,
        "opt_ins": list(plan.opt_ins),
        "segments": {str(segment): name for segment, name in sorted(plan.segments.items())},
        "inputs": [asdict(feature) for feature in plan.inputs],
        "holdout": repr(float(plan.holdout)),
        "salt_id": plan.salt_id,
        "budget": repr(float(plan.budget)),
        "channels": {name: _channel(settings, name) for name in used if name in settings.channels},
        "channels_used": used,
        "quorum": settings.review.quorum,
        "policy_version": result.policy_version,
        "risk_report": digest(_decimals_as_text(asdict(result))),
        "rules": {"packs": rules.versions(), "own": _decimals_as_text(settings.rules.model_dump(mode="json"))},
        "policy": _decimals_as_text(settings.review.model_dump(mode="json")),
    }


def local(moment: str | None, zone: str) -> datetime | None:
    """A moment of a window on the project's clock, naive; the other way round than `freeze` writes it."""
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(zone)).replace(tzinfo=None) if moment else None


def approval_hash(content: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of what `freeze` made: one changed byte changes it."""
    return digest(content)


def audience_hash(audience: Audience) -> str:
    """The hash of everybody, in whatever order: keyed hash of the id, offer, channel, arm, reason of exclusion.

    Whoever was erased since counts as before: the row holds the keyed hash in place of the id, and its former reason.
    """
    found = SetHash()
    hash_part(audience, found)
    return found.hexdigest()


def hash_part(audience: Audience, into: SetHash) -> None:
    """Take some of the people into a hash that becomes `audience_hash` of all."""
    pairs = zip(audience.customer_ids, audience.excluded_reason, strict=True)
    reasons = (erased.former_reason(reason) if erased.is_pseudonym(who) else reason for who, reason in pairs)
    for row in zip(_hashed(audience.customer_ids), audience.offer, audience.channel, audience.arm, reasons, strict=True):
        into.add(canonical(list(row)))


def _utc(moment: datetime | None, zone: str) -> str | None:
    return moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).isoformat(timespec="seconds") if moment else None


def _hashed(customer_ids: Texts) -> Iterator[str]:
    """The keyed hash of each id."""
    key = keys.vault_key()
    return (erased.pseudonym(customer, key=key) for customer in customer_ids)


def _consents_hash(plan: Plan) -> str:
    found = SetHash()
    for row in zip(_hashed(plan.audience.customer_ids), plan.consent, strict=True):
        found.add(canonical(list(row)))
    return found.hexdigest()


def _channel(settings: Settings, name: str) -> dict[str, Any]:
    channel: AnyChannel = settings.channels[name]
    named = {key: value for key, value in channel.model_dump().items() if key.endswith("_file") and value}
    channel = channel.model_copy(update={key: str(settings.folder / value) for key, value in named.items()})
    if isinstance(channel, ChannelSettings):
        channel = channel.model_copy(update={"dkim": tuple(one.below(settings.folder) for one in channel.dkim)})
    plain: dict[str, Any] = _decimals_as_text(channel.model_dump(mode="json"))
    return plain


def _decimals_as_text(value: Any) -> Any:  # noqa: ANN401 -- any JSON value
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return {key: _decimals_as_text(entry) for key, entry in value.items()}
    return [_decimals_as_text(entry) for entry in value] if isinstance(value, list | tuple) else value
