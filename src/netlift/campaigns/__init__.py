"""Delivering an approved plan: messages are written for each person and handed to a channel through a ledger; what comes back is read."""

from netlift.campaigns import bounces, relay_log
from netlift.campaigns.channels import CHANNELS, OPTED_OUT, Channel, open_channel
from netlift.campaigns.channels.numbers import e164, region
from netlift.campaigns.deliver import PATIENCE, Ledger, deliver
from netlift.campaigns.furnish import links_of
from netlift.campaigns.lint import check, lint, remarks
from netlift.campaigns.mailbox import MAILBOXES, Mailbox, open_mailbox
from netlift.campaigns.messages import CannotWrite, Written, names, obstacle, write
from netlift.campaigns.sms_parts import parts_of
from netlift.campaigns.trying import Preview, preview, trial_copy

__all__ = [
    "CHANNELS",
    "MAILBOXES",
    "OPTED_OUT",
    "PATIENCE",
    "CannotWrite",
    "Channel",
    "Ledger",
    "Mailbox",
    "Preview",
    "Written",
    "bounces",
    "check",
    "deliver",
    "e164",
    "links_of",
    "lint",
    "names",
    "obstacle",
    "open_channel",
    "open_mailbox",
    "parts_of",
    "preview",
    "region",
    "relay_log",
    "remarks",
    "trial_copy",
    "write",
]
