"""What words say of people: the versioned catalogue of sensitive meanings, and how text is read against it.

It lies below the stages, because two of them need the same words: `features` marks columns, `review` judges campaigns.
"""

from netlift.catalogue.baskets import Basket, baskets
from netlift.catalogue.markup import visible_text
from netlift.catalogue.names import Class, sensitivity
from netlift.catalogue.reading import Hit, Tier, about, phrases
from netlift.catalogue.topics import CLASSES, VERSION, class_of, covered_by, kin

__all__ = [
    "CLASSES",
    "VERSION",
    "Basket",
    "Class",
    "Hit",
    "Tier",
    "about",
    "baskets",
    "class_of",
    "covered_by",
    "kin",
    "phrases",
    "sensitivity",
    "visible_text",
]
