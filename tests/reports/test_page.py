"""report.html of a made-up run, read back."""

import re
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from netlift.records import Allocated, Calibration, Companion, Forecast, ForecastCheck, Limit, NextCategory, Proposal, ReportContent
from netlift.reports import write

from .example import content, without_segments


class Reader(HTMLParser):
    """The tables of a page, cell texts per row, and whether tags close in order."""

    VOID = frozenset({"meta", "br", "link", "input", "hr", "img"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self._caption = ""
        self._rows: list[list[str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name == "href" and tag == "a" and value]
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "table":
            self._caption, self._rows = "", []
        elif tag == "tr":
            self._rows.append([])
        elif tag in {"td", "th"}:
            self._rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "table":
            self.tables[self._caption.strip()] = self._rows

    def handle_data(self, data: str) -> None:
        if "caption" in self.open:
            self._caption += data
        elif "td" in self.open or "th" in self.open:
            self._rows[-1][-1] += data


@pytest.fixture(scope="module")
def full() -> ReportContent:
    return content(3000)


@pytest.fixture
def page(full: ReportContent, tmp_path: Path) -> str:
    return write(full, tmp_path).read_text(encoding="utf-8")


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def test_the_file_is_self_contained(page: str) -> None:
    """No address of another place, no script, and every link leads to a part of the page."""
    reader = Reader(page)
    assert reader.open == []
    assert "://" not in page
    assert "<script" not in page.lower()
    assert len(reader.ids) == len(set(reader.ids))
    assert {link.removeprefix("#") for link in reader.links} <= set(reader.ids)


def test_the_kpi_stands_beside_its_naive_twin(page: str, full: ReportContent) -> None:
    """Both figures are on the first page with interval and money, the naive one labelled."""
    assert full.measurement is not None
    first = page.partition('id="map"')[0]
    assert full.measurement.sentence in first
    for text in (
        "There is no evidence that campaigns raised sales.",
        "−5.7 %",
        "[−9.2 %, −2.1 %]",
        "−41,234 USD",
        "The naive figure, for comparison only",
        "+41.4 %",
        "+601,234 USD",
    ):
        assert text in first


def test_people_add_up_to_everybody(page: str, full: ReportContent) -> None:
    """Contacted, held out and left out by reason are all the customers."""
    rows = Reader(page).tables["Everybody in the data, by what happens to them."]
    numbers = {row[0]: _number(row[1]) for row in rows[1:]}
    assert numbers.pop("Everybody") == len(full.features.customer_ids) == sum(numbers.values())
    assert numbers["Left out: no consent"] == full.audience.counts()["no_consent"]


def test_rows_read_add_up(page: str) -> None:
    """Every table's rows read are used, refused or left out."""
    rows = Reader(page).tables["Rows read = rows used + refused + left out on purpose."]
    assert rows[1] == ["transactions", "transactions.parquet", "1,469,307", "1,468,772", "1", "534"]
    assert all(_number(r[2]) == _number(r[3]) + _number(r[4]) + _number(r[5]) for r in rows[1:])


def test_the_appendix_has_one_estimate_for_each_campaign(page: str) -> None:
    """One row for what is not on the pages before; also what cannot be estimated is listed, with the reason."""
    rows = next(table for caption, table in Reader(page).tables.items() if caption.startswith("The change in sales by type"))
    assert [row[0] for row in rows[1:]] == ["1"]
    assert "cannot tell" in rows[-1]
    assert "Cannot tell, because only 13 customers were in this campaign." in rows[-1][-1]


def test_money_of_the_lift_has_its_interval_and_one_currency(page: str) -> None:
    """The card and the table give both ends; the currency stands once."""
    assert '−41,234 USD <span class="interval">[−68,000, −14,900]</span> in sales' in page
    assert '−41,234 USD<span class="small">[−68,000, −14,900]</span>' in page
    assert not re.search(r"USD(</?span[^>]*>|\s)*\[[^]]*\] USD", page)


def test_facts_of_a_part_of_a_day_are_not_before_it(page: str, full: ReportContent, tmp_path: Path) -> None:
    """At midnight the day itself does not count; a moment after the last sale is up to that day."""
    assert "facts before 2017-10-01." in page
    later = replace(full, features=replace(full.features, as_of=datetime(1998, 6, 30, 0, 0, 0, 1)))  # noqa: DTZ001 - local time
    written = write(later, tmp_path).read_text(encoding="utf-8")
    assert "facts up to 1998-06-30." in written
    assert "before 1998-06-30" not in written


def test_figures_behind_the_verdict_are_in_words_in_the_appendix(page: str) -> None:
    """No code name stands there, and not before the method."""
    before, _, method = page.partition('id="method"')
    assert "Figures behind the verdict" in method
    assert "Figures behind the verdict" not in before
    assert "Chance of as much agreement in data without groups" in method


def test_segments_name_accounting_and_fidelity(page: str, full: ReportContent) -> None:
    """A profit says by which book-keeping, a rule how well it agrees."""
    assert "Accounting “campaigns since 2017-10-01”: 8.00 USD per response, 1.00 USD per contact" in page
    assert "fidelity: kappa 0.810" in page
    rows = Reader(page).tables["Past contacts, responses and profit, with 95 % intervals."]
    assert [row[0] for row in rows[1:]] == [*(f"{s.segment} {s.name}" for s in full.insight.segments), "Everybody"]


def test_what_customers_will_spend_adds_up_with_how_much_is_known(full: ReportContent, page: str, tmp_path: Path) -> None:
    """Money and customers by segment and tier add up to everybody who bought; the check stands beside; without a forecast, nothing."""
    assert "What customers will spend" not in page
    n = len(full.features.customer_ids)
    spend = np.where(np.arange(n) < 100, np.nan, 10.0)
    tiers = np.array([None] * 100 + ["prior-only"] * 900 + ["shrunk"] * (n - 1000), dtype=object)
    check = ForecastCheck(90, (Calibration("0", 900, 0.11, 0.1), Calibration("4 or more", 50, 2.1, 2.0)), 9000.0, 10000.0, 0.961)
    known = replace(full.features, forecast=Forecast(180, spend, spend / 2, spend * 2, check), sufficiency={"spend": tiers})
    tables = Reader(write(replace(full, features=known), tmp_path).read_text(encoding="utf-8")).tables
    rows = next(table for caption, table in tables.items() if caption.startswith("Expected spend"))
    assert rows[-1] == ["Everybody", "2,900", "29,000 USD", "10.00 USD", "0", "2,000", "900"]
    for column in (1, 4, 5, 6):
        assert sum(_number(row[column]) for row in rows[1:-1]) == _number(rows[-1][column])
    caption, checked = next((caption, table) for caption, table in tables.items() if caption.startswith("How the same model"))
    assert "9,000 USD were foretold and 10,000 USD came; 96.1 % of the customers spent within" in caption
    assert checked[1] == ["0", "900", "0.110", "0.100"]


def test_no_customer_is_named(page: str, full: ReportContent) -> None:
    """Nobody's id stands in a report that is handed around."""
    assert not set(re.findall(r"c\d{7}", page)) & set(full.features.customer_ids)


def test_text_from_data_is_escaped(full: ReportContent, tmp_path: Path) -> None:
    """Markup in names, reasons and run ids stays text, in the style sheet too."""
    evil = '</style><script>alert("x")</script>'
    segments = tuple(replace(s, name=evil, summary=evil, rules=(evil,)) for s in full.insight.segments)
    hostile = replace(full, title=evil, run_id=evil, insight=replace(full.insight, segments=segments))
    page = write(hostile, tmp_path).read_text(encoding="utf-8")
    assert "<script" not in page
    assert page.count("</style>") == 1


def test_a_run_without_segments_or_answers_is_told_plainly(full: ReportContent, tmp_path: Path) -> None:
    """No segmentation, no outcome, no measurement: each is said instead of shown empty."""
    page = write(without_segments(full), tmp_path).read_text(encoding="utf-8")
    reader = Reader(page)
    for text in ("No segments were found that hold up", "Not measured yet", "no evidence", "No answers to past campaigns are in the data"):
        assert text in page
    numbers = {row[0]: _number(row[1]) for row in reader.tables["Everybody in the data, by what happens to them."][1:]}
    assert numbers.pop("Everybody") == sum(numbers.values())
    assert "nan" not in re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL).lower()


def test_lift_that_cannot_be_told_is_not_a_number(full: ReportContent, tmp_path: Path) -> None:
    """Without a best estimate the card says so and the sentence explains."""
    assert full.measurement is not None
    unsure = replace(full.measurement, best=None, sentence="Cannot tell, because 13 households are too few.")
    page = write(replace(full, measurement=unsure), tmp_path).read_text(encoding="utf-8")
    assert "Cannot tell</p>" in page
    assert "Cannot tell, because 13 households are too few." in page


def test_unusual_customers_are_counted_by_reason(full: ReportContent, tmp_path: Path) -> None:
    """A customer's own figures are left away so that equal reasons add up."""
    reason = np.array(["" for _ in full.segmentation.anomaly_reason], dtype=object)
    score = np.zeros(len(reason))
    score[:3] = 1.0
    reason[0] = "monetary 12,345 USD: higher than 99.9 % of customers; recency 2 days: lower than 98.0 % of customers"
    reason[1] = "monetary 9,999 USD: higher than 99.8 % of customers"
    reason[2] = "no single fact stands out: an unusual combination of ordinary ones"
    odd = replace(full, segmentation=replace(full.segmentation, anomaly_score=score, anomaly_reason=reason))
    tables = Reader(write(odd, tmp_path).read_text(encoding="utf-8")).tables
    rows = next(table for caption, table in tables.items() if caption.startswith("Why they are unusual"))
    assert rows[1:] == [
        ["money spent: unusually high", "2"],
        ["days since the last purchase: unusually low", "1"],
        ["no single fact stands out: an unusual combination of ordinary ones", "1"],
    ]


def test_an_older_report_is_replaced(full: ReportContent, tmp_path: Path) -> None:
    """One file, nothing left beside it."""
    write(full, tmp_path)
    write(replace(full, title="Second"), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    assert "<h1>Second</h1>" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_warnings_are_said_once_and_remarks_on_features_in_the_appendix(full: ReportContent, tmp_path: Path) -> None:
    """The first page has what bears on what to do; a segment's notes do not repeat it."""
    remark, circular = "recency is missing for 42 customers.", "The outcome is also an input: figures are too good."
    advice = tuple(replace(r, warnings=(remark, circular, f"Few contacts in {r.segment}.")) for r in full.choice.recommendations)
    warned = replace(
        full,
        segmentation=replace(full.segmentation, warnings=(remark, circular)),
        insight=replace(full.insight, warnings=(remark, circular)),
        choice=replace(full.choice, recommendations=advice),
    )
    page = write(warned, tmp_path).read_text(encoding="utf-8")
    first, _, detail = page.partition('id="map"')
    assert first.count(circular) == page.count(circular) == 1
    assert detail.count(remark) == page.count(remark) == 1
    assert all(f"Few contacts in {r.segment}." in detail for r in advice)


def test_shared_warnings_of_estimates_are_numbered_notes(full: ReportContent, tmp_path: Path) -> None:
    """A warning of many estimates is written once under the table."""
    assert full.measurement is not None
    many = tuple(replace(full.measurement.estimates[0], scope=str(i), warnings=("Not drawn by lot.", f"Own {i}.")) for i in range(9))
    page = write(replace(full, measurement=replace(full.measurement, estimates=many)), tmp_path).read_text(encoding="utf-8")
    assert page.count("Not drawn by lot.") == 1
    assert page.count("See note 1.") == 9
    assert all(f"Own {i}." in page for i in range(9))


def test_limits_are_shown_with_what_they_cost(full: ReportContent, tmp_path: Path) -> None:
    """Where contacts were limited: profit, bound and gap in a sentence, and for each limit what one more unit would earn."""
    limits = (Limit("budget", 5000.0, 4999.5, 1.234), Limit("letter", 300, 300, 0.5), Limit("email", 20_000, 700, 0.0))
    told = Allocated("lower bound", 900, 4321.0, 4322.0, 0.0002, 100, 4999.5, 17, 42, limits, "900 contacts are expected to earn 4,321.")
    assert 'id="allocation"' not in write(full, tmp_path).read_text(encoding="utf-8")
    page = write(replace(full, choice=replace(full.choice, allocated=told)), tmp_path).read_text(encoding="utf-8")
    section = page.partition('id="allocation"')[2].partition("</section>")[0]
    assert "900 contacts are expected to earn 4,321. A contact had to pay by the low end of its 95 % interval" in section
    assert "17 people who could be reached do not, and 42 are left out" in section
    rows = [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in section.splitlines() if '<tr><th scope="row">' in row]
    assert rows == [
        ["Budget", "5,000 USD", "5,000 USD", "1.23 USD"],
        ["Contacts by letter", "300", "300", "0.50 USD"],
        ["Contacts by email", "20,000", "700", "0.00 USD"],
    ]


def test_what_the_next_offers_could_be_about(tmp_path: Path) -> None:
    """A row per proposed category with its figures, "nothing clear" where there is none, and no section where nothing is known."""
    made = content()
    assert 'id="proposals"' not in write(made, tmp_path).read_text(encoding="utf-8")
    fish = NextCategory("<Fish>", 40, 0.4, 0.35, 0.45, 0.2, 2.0, 1.75, 2.25, Companion("Lemons", 0.5, 3.0, 2.0, 4.5))
    told = (Proposal(1, 100, (fish,), (), "Fish."), Proposal(2, 90, (), (), "Nothing is clear."))
    page = Reader(write(replace(made, choice=replace(made.choice, proposals=told)), tmp_path).read_text(encoding="utf-8"))
    assert {"#proposals", "proposals"} <= {*page.links, *page.ids}
    (rows,) = [rows for caption, rows in page.tables.items() if caption.startswith("Share of the segment's customers who buy")]
    assert rows[2] == ["<Fish>", "40.0 %", "[35.0 %, 45.0 %]", "20.0 %", "2", "[1.75, 2.25]", "Lemons"]
    assert [row[1] for row in (rows[1], rows[3])] == ["100 customers", "90 customers"]
    assert rows[3][-1] == "nothing clear"
