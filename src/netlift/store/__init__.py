"""What netlift remembers: runs, votes, audit, delivery ledger, jobs, people, and the vault of contact data.

Importing this package sets Django up (its settings are in `netlift.store.django`), so that every module here can import
the models. Call `open_store` once before the first question to the store.
"""

from __future__ import annotations

import os

import django as _django
from django.apps import apps as _apps

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "netlift.store.django")
if not (_apps.ready or _apps.loading):  # loading: Django itself is importing this package
    _django.setup()

from netlift.store.opening import open_store, overwrite_free_space, store_folder

__all__ = ["open_store", "overwrite_free_space", "store_folder"]
