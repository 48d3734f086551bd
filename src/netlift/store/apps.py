"""The store as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """Name and label of the app."""

    name = "netlift.store"
    label = "store"
