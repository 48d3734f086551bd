"""Delivering an approved plan: messages are written for each person and handed to a channel through a ledger; what comes back is read."""

from netlift.campaigns import bounces, relay_log, tracking
from netlift.campaigns.channels import CHANNELS, Channel, open_channel
from netlift.campaigns.deliver import PATIENCE, Ledger, deliver
from netlift.campaigns.mailbox import MAILBOXES, Mailbox, open_mailbox
from netlift.campaigns.messages import CannotWrite, Written, check, write

__all__ = [
    "CHANNELS",
    "MAILBOXES",
    "PATIENCE",
    "CannotWrite",
    "Channel",
    "Ledger",
    "Mailbox",
    "Written",
    "bounces",
    "check",
    "deliver",
    "open_channel",
    "open_mailbox",
    "relay_log",
    "tracking",
    "write",
]
