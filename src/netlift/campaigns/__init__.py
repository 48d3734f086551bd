"""Delivering an approved plan: messages are written for each person and handed to a channel through a ledger; what comes back is read."""

from netlift.campaigns import bounces, relay_log
from netlift.campaigns.channels import CHANNELS, Channel, open_channel
from netlift.campaigns.deliver import PATIENCE, Ledger, deliver
from netlift.campaigns.furnish import links_of
from netlift.campaigns.lint import check, lint, remarks
from netlift.campaigns.mailbox import MAILBOXES, Mailbox, open_mailbox
from netlift.campaigns.messages import CannotWrite, Written, names, obstacle, write
from netlift.campaigns.trying import Preview, preview, trial_copy

__all__ = [
    "CHANNELS",
    "MAILBOXES",
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
    "links_of",
    "lint",
    "names",
    "obstacle",
    "open_channel",
    "open_mailbox",
    "preview",
    "relay_log",
    "remarks",
    "trial_copy",
    "write",
]
