"""Delivering an approved plan: messages are written for each person and handed to a channel through a ledger."""

from netlift.campaigns.channels import CHANNELS, Channel, open_channel
from netlift.campaigns.deliver import PATIENCE, Ledger, deliver
from netlift.campaigns.lint import check, lint, remarks
from netlift.campaigns.messages import CannotWrite, Written, names, obstacle, write
from netlift.campaigns.trying import Preview, preview, trial_copy

__all__ = [
    "CHANNELS",
    "PATIENCE",
    "CannotWrite",
    "Channel",
    "Ledger",
    "Preview",
    "Written",
    "check",
    "deliver",
    "lint",
    "names",
    "obstacle",
    "open_channel",
    "preview",
    "remarks",
    "trial_copy",
    "write",
]
