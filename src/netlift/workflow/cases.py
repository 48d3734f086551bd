"""cases: judge campaigns written in a file, one JSON object a line, by the same checks that a plan meets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from netlift import review
from netlift.errors import InputError
from netlift.records import Finding
from netlift.settings import ReviewSettings

Told = tuple[dict[str, Any], tuple[Finding, ...]]  # what --json prints of a line, and all that the checks found


def cases(file: Path, policy: ReviewSettings | None = None) -> Iterator[dict[str, Any]]:
    """For each line id, verdict, reason_codes, evidence, score, contributions, fix; a line that cannot be read says why.

    Raises:
        InputError: the file cannot be read.
    """
    return (case for case, _ in told(file, policy))


def told(file: Path, policy: ReviewSettings | None = None) -> Iterator[Told]:
    """The same with the findings.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        lines = file.read_bytes().split(b"\n")
    except OSError as error:
        raise InputError(f"'{file}' cannot be read: {error.strerror or error}; name a file with one JSON object a line.") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _judged(line, number, policy or ReviewSettings())


def _judged(line: bytes, number: int, policy: ReviewSettings) -> Told:
    try:
        name, campaign = review.cases.read(line.decode("utf-8-sig"))
        findings = review.judge(campaign, policy)
        return {"id": name, **judged(campaign, policy, findings)}, findings
    except UnicodeDecodeError:
        why = " is not UTF-8; save the file as UTF-8."
    except InputError as error:
        why = f": {error}"
    except RecursionError:
        why = ": it is nested too deeply; write the campaign flat."
    return {"id": None, "line": number, "error": f"Line {number}{why}"}, ()


def judged(campaign: review.Campaign, policy: ReviewSettings, findings: tuple[Finding, ...] | None = None) -> dict[str, Any]:
    """Verdict, codes of what blocks or goes to review, evidence (also of notes), score, contributions to its log-odds, fix."""
    findings = review.judge(campaign, policy) if findings is None else findings
    score, added = review.score(campaign, findings)
    verdict = review.verdict(findings)
    fix = None if verdict == "pass" else _fix(campaign, review.cheapest(campaign, findings, policy), score)
    return {
        "verdict": verdict,
        "reason_codes": list(dict.fromkeys(f.code for f in findings if f.severity != "note")),
        "evidence": [{"code": f.code, "where": f.where, "text": f.evidence} for f in findings],
        "score": score,
        "contributions": added,
        "fix": fix,
    }


def _fix(campaign: review.Campaign, fix: review.Fix, score: float) -> dict[str, Any]:
    return {
        "text": fix.text,
        "edits": [{"do": e.words, "audience": e.audience} for e in fix.edits],
        "verdict": fix.verdict,
        "score": fix.score,
        "score_change": round(fix.score - score, 2),
        "people_now": campaign.size,
        "profit": None,
        "profit_why": "cannot be estimated, because a file of cases holds no expected profits",
    }
