"""A store with a committee and one prepared run, made from the report's example."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from netlift import reports, settings
from netlift.records import Message, Plan, ReportContent
from netlift.review import POLICY_VERSION, Measured
from netlift.store import open_store, people, runs
from netlift.workflow import kept, outputs
from netlift.workflow.approval import approval_hash, freeze
from tests.reports import example

PASSWORD = "a long pass-phrase, for tests only"
NETLIFT_TOML = {
    "project": {"name": "Complete Journey", "currency": "USD", "country": "US"},
    "tables": {"customers": {"path": "customers.csv"}},
    "channels": {"email": {"sender": "Shop <news@example.com>", "port": 2525, "tls": False}},
}
PEOPLE = {
    "anna": "author",
    "rita": "reviewer",
    "pavel": "privacy",
    "olga": "operator",
    "dora": "director",
    "arne": "analyst",
    "gero": "agent",
    "adam": "admin",
}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with everybody in it, made once; without runs."""
    folder = tmp_path_factory.mktemp("store")
    open_store(folder)
    for name, role in PEOPLE.items():
        people.add(name, role, password=PASSWORD)
    people.add("nina", "director")
    get_user_model().objects.get(username="nina").groups.clear()
    return folder


@pytest.fixture(scope="session")
def with_run(template: Path, tmp_path_factory: pytest.TempPathFactory, content: ReportContent) -> Path:
    """The same with run 1, a draft of anna's; its files stay here, so tests must not change them."""
    folder = tmp_path_factory.mktemp("with-run") / "netlift"
    shutil.copytree(template, folder)
    open_store(folder)
    assert prepare(folder, content) == "1"
    return folder


@pytest.fixture
def store(template: Path, tmp_path: Path) -> Path:
    """The test's own copy of it, opened."""
    folder = tmp_path / "netlift"
    shutil.copytree(template, folder)
    open_store(folder)
    return folder


@pytest.fixture(scope="session")
def content() -> ReportContent:
    """What the run found."""
    made = example.content(400)
    return replace(made, measurement=None, deliveries={}, review=replace(made.review, policy_version=POLICY_VERSION))


@pytest.fixture
def run_id(with_run: Path, tmp_path: Path) -> str:
    """The number of anna's draft in the test's own copy of the store."""
    folder = tmp_path / "netlift"
    shutil.copytree(with_run, folder, ignore=shutil.ignore_patterns("runs"))
    open_store(folder)
    return "1"


def prepare(store: Path, content: ReportContent, *, name: str = "Autumn") -> str:
    """Keep a run with its files, as `workflow.prepare` does."""
    run_id = runs.create(name=name, author="anna")
    folder = store / "runs" / run_id
    write_files(content, folder)
    config = settings.parse(NETLIFT_TOML, folder=store, sha256="0" * 64)
    kept.write_settings(config, folder)
    kept.write_plan(_plan(content), Measured(), folder)
    frozen = freeze(_plan(content), config, content.review)
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    runs.save(run_id, folder=folder, facts=facts, plan=frozen, review=content.review, approval_hash=approval_hash(frozen))
    return run_id


def write_files(content: ReportContent, folder: Path) -> None:
    """The output files of a run."""
    folder.mkdir(parents=True)
    names = {s.segment: s.name for s in content.insight.segments}
    pq.write_table(outputs.customers(content.features, content.segmentation, names), folder / "customers.parquet")
    outputs.write_comparison(content.segmentation, folder / "comparison.parquet")
    outputs.write_json(outputs.segments(content.insight), folder / "segments.json")
    outputs.write_json(outputs.recommendations(content.choice.recommendations), folder / "recommendations.json")
    verdict = content.segmentation.verdict
    kept = {"structure": verdict.structure, "useful": verdict.useful, "reason": verdict.reason}
    outputs.write_json({"seed": 7, "verdict": kept}, folder / "run.json")
    outputs.write_json({"settings": NETLIFT_TOML}, folder / "settings.json")
    if content.measurement:
        outputs.write_json(content.measurement, folder / "measurement.json")
    reports.write(content, folder)


def client(name: str | None = None) -> Client:
    """A browser of somebody who is signed in, or of nobody."""
    browser = Client(SERVER_NAME="localhost", raise_request_exception=True)
    if name:
        browser.force_login(get_user_model().objects.get(username=name))
    return browser


def _plan(content: ReportContent) -> Plan:
    people_contacted = int(content.audience.contacted().sum())
    message = Message("Type A", "email", "Shop <news@example.com>", "Your coupons <today>", "Hello,\n\nhere are your coupons.\n")
    return Plan(
        name=content.title,
        country="US",
        audience=content.audience,
        messages=(message,),
        segments={s.segment: s.name for s in content.insight.segments},
        inputs=content.features.features,
        holdout=0.1,
        salt_id="autumn",
        consent=content.choice.consent,
        contacts_7d=content.choice.contacts_7d,
        contacts_30d=content.choice.contacts_30d,
        budget=float(people_contacted),
    )
