"""The committee's verbs: the one door through which a plan changes its state, for every face of netlift.

Which steps there are, and who may take them, is told by `netlift.review.committee`. Each verb takes one step: it locks the run,
lets time pass, asks the rules, keeps what they answer, and writes the audit row, all in one transaction.
"""

from netlift.workflow.decide.deputies import name_deputy
from netlift.workflow.decide.drift import drift, refreeze
from netlift.workflow.decide.edits import edit, message, resubmit
from netlift.workflow.decide.possible import possible, seats
from netlift.workflow.decide.sending import agree, cancel, lift, pause, pause_by_itself, resume, schedule, stop
from netlift.workflow.decide.step import CLOCK, keep, locked, look, settle, settle_all
from netlift.workflow.decide.stops import lift_everything, stop_everything
from netlift.workflow.decide.votes import approve, is_fresh, reject, reopen, request_changes, revoke, submit, withdraw

__all__ = [
    "CLOCK",
    "agree",
    "approve",
    "cancel",
    "drift",
    "edit",
    "is_fresh",
    "keep",
    "lift",
    "lift_everything",
    "locked",
    "look",
    "message",
    "name_deputy",
    "pause",
    "pause_by_itself",
    "possible",
    "refreeze",
    "reject",
    "reopen",
    "request_changes",
    "resubmit",
    "resume",
    "revoke",
    "schedule",
    "seats",
    "settle",
    "settle_all",
    "stop",
    "stop_everything",
    "submit",
    "withdraw",
]
