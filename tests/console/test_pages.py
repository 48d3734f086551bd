"""What the pages show."""

import re
from dataclasses import replace
from pathlib import Path

from netlift.records import NextCategory, Proposal, ReportContent
from netlift.store import runs, store_folder
from netlift.workflow import decide, outputs, show
from tests.reports import example
from tests.reports.test_page import Reader

from .conftest import client, prepare


def _page(address: str, name: str = "rita", status: int = 200) -> str:
    response = client(name).get(address)
    assert response.status_code == status
    return response.content.decode()


def test_an_empty_store_says_what_to_do_next(store: Path) -> None:
    """The first page of a new store is not just empty."""
    assert "netlift prepare netlift.toml" in _page("/")


def test_the_list_shows_state_and_counts(run_id: str, content: ReportContent) -> None:
    """One row per run with what happens to how many people."""
    rows = Reader(_page("/")).tables["Every run, the newest first. The change in sales stands with its 95 % interval."]
    counts = content.audience.counts()
    assert rows[1][0] == f"{run_id} Autumn"
    assert rows[1][1:4] == ["draft", "to decide", "0 of 2"]
    assert [int(cell) for cell in rows[1][4:7]] == [
        counts["contacted"],
        counts["holdout"],
        counts["no_consent"] + counts["no_expected_profit"],
    ]
    assert "not measured yet" in rows[1][7]


def test_many_runs_are_paged(run_id: str, content: ReportContent) -> None:
    """The list shows fifty at a time."""
    for _ in range(50):
        runs.create(name="Later", author="anna")
    assert f"{run_id} Autumn" not in _page("/")
    assert f"{run_id} Autumn" in _page("/?page=2")


def test_a_run_shows_the_recommendations_in_money(run_id: str, content: ReportContent) -> None:
    """Action, expected profit with interval, and people adding up to everybody."""
    page = _page(f"/runs/{run_id}/")
    for recommendation in content.choice.recommendations:
        assert recommendation.why in page
    assert page.count(" USD<span") == len(content.choice.recommendations)
    rows = Reader(page).tables["Everybody in the data, by what happens to them."]
    numbers = {row[0]: int(row[1]) for row in rows[1:]}
    assert numbers.pop("Everybody") == 400 == sum(numbers.values())


def test_a_run_shows_what_the_next_offers_could_be_about(store: Path, content: ReportContent) -> None:
    """Where something is clear, with its interval; names from the data stay text."""
    run_id = prepare(store, content)
    assert "What the next offers could be about" not in _page(f"/runs/{run_id}/")
    sure = NextCategory("<fish>", 40, 0.4, 0.32, 0.48, 0.2, 2.0, 1.6, 2.4, None)
    made = [Proposal(1, 100, (sure,), (), ""), Proposal(2, 100, (), (), "nothing clear")]
    outputs.write_json(made, store / "runs" / run_id / "proposals.json")
    page = _page(f"/runs/{run_id}/")
    assert "&lt;fish&gt;" in page
    rows = Reader(page).tables["Share of the segment's customers who buy the category, with its 95 % interval, and of all customers."]
    assert rows[1:] == [[f"1 {content.insight.segments[0].name}"], ["<fish>", "40.0 %", "[32.0 %, 48.0 %]", "20.0 %"]]


def test_a_measured_run_shows_both_figures(store: Path, content: ReportContent) -> None:
    """The honest figure stands beside the naive one, in the list and on the page."""
    run_id = prepare(store, replace(content, measurement=example.measurement()))
    page = _page(f"/runs/{run_id}/")
    for text in ("−5.7 %", "[−9.2 %, −2.1 %]", "+41.4 %", "The naive figure, for comparison only"):
        assert text in page
    assert "−5.7 %" in _page("/")


def test_the_map_has_a_picture_and_a_table(run_id: str, content: ReportContent) -> None:
    """The picture is a resource of its own; the table counts the same people."""
    page = _page(f"/runs/{run_id}/map/")
    assert f'src="/runs/{run_id}/map.svg"' in page
    table = next(rows for caption, rows in Reader(page).tables.items() if caption.startswith("The segments"))
    assert [int(row[1]) for row in table[1:]] == [s.size for s in content.insight.segments]
    picture = client("rita").get(f"/runs/{run_id}/map.svg")
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert picture.content.startswith(b"<svg")


def test_the_review_page_shows_what_is_decided_on(run_id: str, content: ReportContent) -> None:
    """Findings, messages, people and hash."""
    decide.submit(run_id, actor="anna")
    page = _page(f"/runs/{run_id}/review/")
    for text in (*(f.text for f in content.review.findings), "here are your coupons.", str(show.plan(run_id)["approval_hash"])):
        assert text in page
    assert "<button>Approve</button>" in page


def test_the_report_cannot_run_or_load_anything(run_id: str) -> None:
    """It is served in a sandbox with its own policy."""
    response = client("dora").get(f"/runs/{run_id}/report/")
    assert response.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert response.content.startswith(b"<!doctype html>")


def test_names_from_data_stay_text(store: Path, content: ReportContent) -> None:
    """Markup in segment names, reasons and messages is never markup of a page."""
    evil = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    segments = tuple(replace(s, name=evil, summary=evil, rules=(evil,)) for s in content.insight.segments)
    advice = tuple(replace(r, why=evil, offers=(evil,), warnings=(evil,)) for r in content.choice.recommendations)
    findings = tuple(replace(f, text=evil, where=evil) for f in content.review.findings)
    hostile = replace(
        content,
        insight=replace(content.insight, segments=segments),
        choice=replace(content.choice, recommendations=advice),
        review=replace(content.review, findings=findings),
    )
    run_id = prepare(store, hostile, name=evil)
    decide.submit(run_id, actor="anna")
    decide.request_changes(run_id, actor="rita", text=evil)
    for address in ("/", f"/runs/{run_id}/", f"/runs/{run_id}/map/", f"/runs/{run_id}/review/", f"/runs/{run_id}/map.svg"):
        page = _page(address)
        assert "<script" not in page
        assert "<img src=x" not in page


def test_a_run_without_segments(store: Path) -> None:
    """Nothing breaks where the verdict is none."""
    run_id = prepare(store, example.without_segments(example.content(300)))
    assert "No segments were found that hold up" in _page(f"/runs/{run_id}/")
    assert "All 300 customers are one group" in _page(f"/runs/{run_id}/map/")
    assert _page(f"/runs/{run_id}/map.svg").startswith("<svg")
    assert "No findings." in _page(f"/runs/{run_id}/review/")


def test_unknown_runs_and_missing_files_are_told(run_id: str, content: ReportContent) -> None:
    """A wrong number and a removed folder answer 404 with a sentence."""
    assert "There is no run" in _page("/runs/99/", status=404)
    _page("/runs/99999999999999999999999999/", status=404)
    damaged = prepare(store_folder(), content)
    Path(show.plan(damaged)["folder"]).joinpath("comparison.parquet").unlink()
    assert "comparison.parquet is no longer in its folder" in _page(f"/runs/{damaged}/map/", status=404)
    fresh = runs.create(name="New", author="anna")
    assert "still being prepared" in _page(f"/runs/{fresh}/", status=404)


def test_pages_are_well_formed(run_id: str) -> None:
    """Tags close in order, ids are unique, labels point at fields, tables have captions."""
    decide.submit(run_id, actor="anna")
    for address in ("/", "/runs/1/", "/runs/1/map/", "/runs/1/review/", "/sign-in/", "/nowhere/"):
        page = client(None if "sign" in address else "rita").get(address).content.decode()
        reader = Reader(page)
        assert reader.open == []
        assert len(reader.ids) == len(set(reader.ids))
        assert set(re.findall(r'for="([^"]+)"', page)) <= set(reader.ids)
        assert page.count("<table") == page.count("<caption>")
        assert page.count("<h1") == 1
