"""The committee's rules as a state machine over one record, `Case`: each step is a pure function that refuses or answers the next case.

    draft | changes_requested              -- submit -->           in_review                        the author
    draft | changes_requested              -- edit -->             the same, next version           an author; votes void
    in_review | approved | scheduled | paused  -- edit -->         draft, next version              an author; votes void
    in_review                              -- withdraw -->         draft                            the author
    in_review                              -- approve -->          in_review, approved at quorum    a member who made no part of it
    in_review                              -- request_changes -->  changes_requested                a member, with a text
    in_review                              -- reject -->           rejected                         a member, with a reason
    in_review | approved | scheduled       -- revoke -->           in_review                        that voter
    in_review | approved | scheduled       -- (time) -->           expired
    approved | scheduled                   -- (a vote lost) -->    in_review                        e.g. a voter was deactivated
    expired                                -- reopen -->           draft                            the author
    approved                               -- schedule -->         scheduled                        an operator
    approved | scheduled                   -- start -->            sending                          an operator or the scheduler
    sending                                -- pause -->            paused                           an operator or the monitor
    paused                                 -- resume -->           sending                          an operator, within a day
    sending | paused                       -- stop -->             stopped                          anyone
    in_review | approved | scheduled       -- stop -->             draft                            anyone
    stopped                                -- cancel -->           cancelled                        a member
    stopped                                -- resubmit -->         in_review, next version          the author, for the unsent only
    sending                                -- finish -->           completed                        the ledger, when all came to an end
    completed                              -- resend -->           sending                          an operator, what is unknown

Members are people with the role reviewer or privacy. Nobody is exempt, admins neither.
"""

from netlift.review.committee.clock import settled
from netlift.review.committee.seats import VOTING_ROLES, conflict, decided, open_seats, standing
from netlift.review.committee.sending import agree, cancel, drifted, finish, lift, pause, resend, resubmit, resume, schedule, start, stop
from netlift.review.committee.voting import PANES, approve, edit, reject, reopen, request_changes, revoke, submit, withdraw

__all__ = [
    "PANES",
    "VOTING_ROLES",
    "agree",
    "approve",
    "cancel",
    "conflict",
    "decided",
    "drifted",
    "edit",
    "finish",
    "lift",
    "open_seats",
    "pause",
    "reject",
    "reopen",
    "request_changes",
    "resend",
    "resubmit",
    "resume",
    "revoke",
    "schedule",
    "settled",
    "standing",
    "start",
    "stop",
    "submit",
    "withdraw",
]
