"""What the exports of survey tools look like: which columns are about the answering, not answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Shape:
    """One tool's export with a row for each person."""

    columns: Mapping[str, str] = field(default_factory=dict)  # canonical name -> the tool's, where settings name none
    about: tuple[str, ...] = ()  # patterns of columns that are no answers
    extra_header: int = 0  # rows after the header that still are header
    all_questions: bool = True  # without `questions` every column that is not `about` is a question


SHAPES: dict[str, Shape | None] = {
    "long": None,  # a row for each answer
    "wide": Shape(all_questions=False),
    "limesurvey": Shape(
        columns={"customer_id": "token", "answered_at": "submitdate"},
        about=(
            *("id", "submitdate", "lastpage", "startlanguage", "seed", "startdate", "datestamp", "ipaddr", "refurl", "token"),
            *("firstname", "lastname", "email", "interviewtime", "groupTime*", "*Time"),
        ),
    ),
    "qualtrics": Shape(
        columns={"customer_id": "ExternalReference", "answered_at": "RecordedDate"},
        about=(
            *("StartDate", "EndDate", "Status", "IPAddress", "Progress", "Duration (in seconds)", "Finished", "RecordedDate", "ResponseId"),
            *("RecipientLastName", "RecipientFirstName", "RecipientEmail", "ExternalReference", "LocationLatitude", "LocationLongitude"),
            *("DistributionChannel", "UserLanguage"),
        ),
        extra_header=2,
    ),
    "typeform": Shape(
        columns={"answered_at": "Submit Date (UTC)"},
        about=("#", "Start Date (UTC)", "Stage Date (UTC)", "Submit Date (UTC)", "Network ID", "Tags", "Ending", "Response Type"),
    ),
    "google_forms": Shape(
        columns={"answered_at": "Timestamp"},
        about=("Timestamp", "Username", "Email Address", "Email address", "Score", "Total score"),
    ),
}


def matcher(pattern: str) -> re.Pattern[str]:
    """A pattern of column names: * stands for any text, which is kept; everything else for itself, brackets too."""
    return re.compile("(.*)".join(map(re.escape, pattern.split("*"))), re.DOTALL)
