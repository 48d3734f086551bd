"""The tables of the store, a file a noun. What is done with them is in the functions of the modules beside this package."""

from netlift.store.models.buckets import Bucket
from netlift.store.models.committee import Deputyship, EmergencyStop
from netlift.store.models.consents import CONSENT_STATUSES, CallList, Consent, ListedNumber, PastContact, Terms
from netlift.store.models.contacts import Contact, Suppression
from netlift.store.models.deliveries import DELIVERY_STATES, Delivery
from netlift.store.models.jobs import JOB_STATES, Job
from netlift.store.models.runs import RUN_STATES, Look, Run, Vote
from netlift.store.models.trail import AuditEvent

__all__ = [
    "CONSENT_STATUSES",
    "DELIVERY_STATES",
    "JOB_STATES",
    "RUN_STATES",
    "AuditEvent",
    "Bucket",
    "CallList",
    "Consent",
    "Contact",
    "Delivery",
    "Deputyship",
    "EmergencyStop",
    "Job",
    "ListedNumber",
    "Look",
    "PastContact",
    "Run",
    "Suppression",
    "Terms",
    "Vote",
]
