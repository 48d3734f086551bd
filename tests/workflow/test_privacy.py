"""People's rights on a whole run: why, a copy, objection, erasure; the canary is searched for in every file."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.db import connections

from netlift.campaigns.testing import Sink
from netlift.errors import Busy, InputError, NotFound, Refused
from netlift.segments import structure
from netlift.store import audit, erased, open_store, people, store_folder, vault
from netlift.store.models import AuditEvent, Contact, Delivery, Suppression
from netlift.workflow import decide, objections, outputs, privacy
from netlift.workflow.close import close
from netlift.workflow.launch import launch, start
from netlift.workflow.prepare import prepare
from tests import shop
from tests.workflow import canary, plans
from tests.workflow.canary import EMAIL, ID, NAME, PHONE


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a shop, the store of a run that was sent and closed, and the run's files; tests work on copies."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patched, Sink() as sink:
        patched.setenv("NETLIFT_DATA_DIR", str(folder / "netlift"))
        patched.delenv("NETLIFT_USER", raising=False)
        patched.setattr(structure, "COPIES", 19)  # a coarser verdict: it is not what is tested here
        patched.setattr(vault, "salt", lambda: "one with which the canary is not held out")
        open_store()
        people.add("ann", "reviewer")
        people.add("ben", "privacy")
        prepare(canary.write(folder / "shop", port=sink.port), out=folder / "run")
        decide.submit("1")
        for name in ("ann", "ben"):
            plans.approve("1", actor=name)
        shutil.copytree(folder / "netlift", folder / "approved")
        launch("1")
        close("1")
        connections.close_all()
    return folder


def opened(made: Path, tmp_path: Path, *, before: str = "netlift") -> Path:
    """The same in a folder of the test's own; `before` names the moment: approved, or netlift = sent and closed."""
    shutil.copytree(made / before, tmp_path / "netlift")
    for name in ("shop", "run"):
        shutil.copytree(made / name, tmp_path / name)
    open_store(tmp_path / "netlift")
    for path in (tmp_path / "netlift" / "runs" / "1" / "settings.json",):
        path.write_text(path.read_text(encoding="utf-8").replace(str(made), str(tmp_path)), encoding="utf-8")
    from netlift.store.models import Run

    Run.objects.update(folder=str(tmp_path / "netlift" / "runs" / "1"))
    return tmp_path


@pytest.fixture
def sent(made: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder with shop, run and the open store, in which run 1 was sent and closed."""
    yield opened(made, tmp_path)
    connections.close_all()


@pytest.fixture
def approved(made: Path, tmp_path: Path) -> Iterator[Path]:
    """The same, before run 1 was launched."""
    yield opened(made, tmp_path, before="approved")
    connections.close_all()


def test_every_message_of_a_run_is_explained_from_what_was_kept(sent: Path) -> None:
    """For 100 % of the messages: the segment comes out of the kept facts again, the letter is that of the ledger; today's data are gone."""
    shutil.rmtree(sent / "shop")
    shutil.rmtree(store_folder() / "landing")
    names = json.loads((store_folder() / "runs" / "1" / "segments.json").read_text(encoding="utf-8"))
    rows = Delivery.objects.filter(state="accepted")
    assert rows.count() > 50
    for row in rows:
        (told,) = privacy.why(row.customer_id)["messages"]
        assert (told["message_id"], told["offer"], told["channel"], told["arm"]) == (row.message_id, row.offer, row.channel, row.arm)
        assert told["lawful_basis"] == {"basis": "consent", "proof": f"sign-up form, {shop.GIVEN}"}
        assert told["segment"]["name"] in {s["name"] for s in names}
        assert told["facts"]
        assert {fact["kind"] for fact in told["facts"]} <= {"declared", "observed", "inferred"}
        assert {"transactions"} == {table for fact in told["facts"] if fact["kind"] != "observed" for table in fact["from"]} | {
            "transactions"
        }
        assert "Art. 21(2)" in told["objection"]


def test_an_explanation_names_nobody_else(sent: Path) -> None:
    """No other customer's id, address or name is in it; the audit trail has the keyed hash alone."""
    told = json.dumps(privacy.why(ID))
    others = Contact.objects.exclude(customer_id=ID).values_list("customer_id", flat=True)
    assert len(others) == shop.CUSTOMERS
    assert not any(f'"{other}"' in told or f"c{other}@example.com" in told for other in others)
    assert canary.found(sent / "netlift", needles=[EMAIL, PHONE, NAME]) == canary.found(sent / "netlift", needles=[EMAIL])
    last = AuditEvent.objects.order_by("-pk").first()
    assert last is not None
    assert (last.act, ID in last.details) == ("why", False)


def test_planned_messages_are_explained_too(approved: Path) -> None:
    """Before it is sent a message is `planned`; a run that sends nothing to somebody says why not."""
    (told,) = privacy.why(ID)["messages"]
    assert (told["state"], told["at"]) == ("planned", None)
    row = next(
        r for r in pq.read_table(approved / "run" / "audience.parquet").to_pylist() if r["excluded_reason"] == "no consent for email"
    )
    assert privacy.why(row["customer_id"]) == {
        "messages": [],
        "not_contacted": [{"run_id": "1", "reason": "no consent for email"}],
        "suppressed": [],
    }
    with pytest.raises(NotFound, match="No run has a customer with this id"):
        privacy.why("nobody")


@pytest.mark.parametrize("file", ["audience.parquet", "facts.parquet", "model.npz"])
def test_changed_files_explain_nothing(sent: Path, file: str) -> None:
    """Where list, facts or model are not what was kept, the explanation is refused rather than made up."""
    path = store_folder() / "runs" / "1" / file
    if path.suffix == ".npz":
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    else:
        table = pq.read_table(path)
        turned = {name: list(reversed(table[name].to_pylist())) for name in table.column_names if name != "customer_id"}
        pq.write_table(table.select(["customer_id"]).append_column("none", table["customer_id"]).drop(["none"]), path)
        for name, values in turned.items():
            table = table.set_column(table.column_names.index(name), table.schema.field(name), [values])
        pq.write_table(table, path)
    customers = Delivery.objects.filter(state="accepted").values_list("customer_id", flat=True)
    with pytest.raises(Refused):
        for customer in customers:  # some neighbours may have swapped facts within one segment
            privacy.why(customer)


def test_a_copy_holds_everything(sent: Path) -> None:
    """Purchases, contact data, lists of the run, proof of consent and the ledger; only the owner can read the file; nobody else in it."""
    out = sent / "copy.json"
    count = privacy.export(ID, out)
    told = json.loads(out.read_text(encoding="utf-8"))
    assert out.stat().st_mode & 0o777 == 0o600
    assert told["contact"] == {"email": EMAIL, "name": NAME, "phone": PHONE, "country": "US"}
    (landed,) = told["landed"].values()
    assert len(landed) == 28
    assert {row["customer_id"] for row in landed} == {ID}
    run = told["runs"]["1"]
    assert run.keys() == {"customers", "facts", "audience", "consent"} | (run.keys() & {"asking"})
    assert run["consent"] == f"sign-up form, {shop.GIVEN}"
    assert [row["state"] for row in told["deliveries"]] == ["accepted"]
    assert {one["table"] for one in told["sources"]} == {"transactions", "contacts", "consents", "contacted", "responses"}
    assert count["deliveries"] == count["consents"] == 1
    with pytest.raises(InputError, match="File exists"):
        privacy.export(ID, out)
    with pytest.raises(NotFound, match="Nothing is held"):
        privacy.export("nobody", sent / "none.json")
    assert not (sent / "none.json").exists()


def test_an_erased_person_is_in_no_file(sent: Path) -> None:
    """The canary is in many files before, and in none after: data directory with free pages and log of the database, and --out."""
    places = (sent / "netlift", sent / "run")
    assert {name for name, _ in canary.found(*places)} >= {"netlift.sqlite3", "audience.parquet", "content.npz", "customers.parquet"}
    counts = Delivery.objects.count()
    done = privacy.erase(ID)
    assert canary.found(*places) == []
    assert (Delivery.objects.count(), Delivery.objects.filter(customer_id=erased.pseudonym(ID)).count()) == (counts, 1)
    assert audit.verify().whole
    assert {one["table"] for one in done["erase_also_in"]} == {"transactions", "contacts", "consents", "contacted", "responses"}
    assert done["removed"]["vault"] == done["removed"]["ledger"] == done["removed"]["consents"] == 1
    assert privacy.erase(ID)["removed"] == {}
    assert privacy.export(ID, sent / "copy.json") == {"suppressed": 1}
    closed = close("1")  # everything that comes later works without the person
    assert closed.measurement.sentence
    assert canary.found(*places) == []


def test_what_a_killed_process_left_goes_too(sent: Path) -> None:
    """Half-written runs and roll-ups of processes that are gone; those of a process that lives stay."""
    runs = store_folder() / "runs"
    gone, living = runs / ".9.99999999.part", runs / f".8.{os.getpid()}.part"
    for folder in (gone, living):
        folder.mkdir()
        (folder / "segments.json").write_text(ID)
    (rollups,) = (store_folder() / "landing" / "typed" / "rollups").iterdir()
    (rollups / ".x.parquet.99999999").write_text(ID)
    privacy.erase(ID)
    assert canary.found(store_folder()) == [("segments.json", ID)]
    assert (gone.exists(), living.exists()) == (False, True)


def test_who_comes_in_again_stays_out(sent: Path) -> None:
    """The same id, and a new id with the same address: neither is in features, scores or audience, nor in the vault."""
    privacy.erase(ID)
    with (sent / "shop" / "contacts.csv").open("a", encoding="utf-8") as file:
        file.write(f"0999,{EMAIL.upper()},T,US,\n")
    with (sent / "shop" / "sales.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"0999,2026-03-0{day}T10:00:00,30\n" for day in range(1, 9))
    again = prepare(sent / "shop" / "netlift.toml", out=sent / "again")
    ids = set(pq.read_table(sent / "again" / "customers.parquet")["customer_id"].to_pylist())
    assert ids.isdisjoint({ID, "0999"})
    assert set(pq.read_table(sent / "again" / "audience.parquet")["customer_id"].to_pylist()) == ids
    assert vault.fields([ID, "0999"]) == {}
    assert again.run_id == "2"
    assert canary.found(sent / "again", store_folder()) == []
    facts = json.loads((sent / "again" / "run.json").read_text(encoding="utf-8"))
    for read in facts["inputs"]:
        assert read["rows_in"] == read["rows_ok"] + read["rows_quarantined"] + read["rows_left_out"]
    assert any("objected or were erased are left out" in text for read in facts["inputs"] for text in read["findings"])


def test_an_approved_run_is_launched_without_who_was_erased(approved: Path) -> None:
    """The approval holds, everybody else gets the letter, and the erased person is excluded by that reason."""
    privacy.erase(ID)
    told = launch("1", dry_run=True)
    assert told["excluded"]["erased"] == 1
    audience = outputs.read_audience(store_folder() / "runs" / "1" / "audience.parquet")
    assert told["counts"]["ready"] == audience.contacted().sum()


def test_an_objection_holds_at_once(approved: Path) -> None:
    """What waits is cancelled in all runs, by id with the addresses known; at the next prepare the person is in no table."""
    start("1")
    assert Delivery.objects.get(customer_id=ID).state == "ready"
    done = privacy.suppress(ID, reason="objected by letter")
    assert (done["cancelled"], done["profiling"], done["known_customers"]) == (1, "ends at the next prepare", 1)
    row = Delivery.objects.get(customer_id=ID)
    assert (row.state, row.reason) == ("cancelled", "suppressed after the approval")
    prepare(approved / "shop" / "netlift.toml", out=approved / "again")
    for name in ("customers", "audience"):
        assert ID not in pq.read_table(approved / "again" / f"{name}.parquet")["customer_id"].to_pylist()


def test_a_channel_alone_does_not_end_profiling(approved: Path) -> None:
    """Off one channel the person stays in the tables; off another channel than the waiting letter's, the letter goes."""
    start("1")
    assert privacy.suppress(ID, reason="no calls", channel="phone")["cancelled"] == 0
    assert vault.objecting([{"customer_id": ID, "email": EMAIL}]) == frozenset()
    assert privacy.suppress(ID, reason="no mails", channel="email")["cancelled"] == 1


def test_an_address_that_nobody_knows_is_kept_as_a_hash(approved: Path) -> None:
    """Suppressed before the person is a customer; later the address brings the suppression with it."""
    done = privacy.suppress(email=" New.Person@Example.com", phone="+49 (30) 901820", reason="asked by post")
    assert (done["known_customers"], done["cancelled"]) == (0, 0)
    assert canary.found(store_folder(), needles=["new.person", "901820"]) == []
    assert vault.objecting([{"customer_id": "x1", "email": "new.person@example.com"}, {"customer_id": "x2"}]) == {"x1"}
    assert vault.objecting([{"customer_id": "x3", "phone": "+4930901820"}]) == {"x3"}
    assert privacy.suppress(email=EMAIL, reason="asked")["known_customers"] == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [({}, "Nobody is named"), ({"email": " "}, "Nobody is named"), ({"customer_id": "1", "reason": "a@b.c"}, "a reason in words")],
)
def test_what_cannot_be_suppressed(approved: Path, given: dict[str, str], told: str) -> None:
    """Nobody named, or an address in the reason, which would stay in the trail for ever."""
    with pytest.raises(InputError, match=told):
        privacy.suppress(**{"reason": "asked", **given})
    assert Suppression.objects.count() == 0


def test_who_may_do_it(approved: Path) -> None:
    """A reviewer takes an objection, but reads, copies and erases nobody; only an admin renews keys."""
    people.add("pia", "privacy")
    assert privacy.suppress("0001", reason="asked", actor="ann")["channel"] == "all"
    for verb in (
        lambda: privacy.why(ID, actor="ann"),
        lambda: privacy.erase(ID, actor="ann"),
        lambda: privacy.export(ID, approved / "x", actor="ann"),
    ):
        with pytest.raises(Refused, match="ann may not"):
            verb()
    assert privacy.why(ID, actor="pia")["messages"]
    with pytest.raises(Refused, match="pia may not renew"):
        privacy.renew_keys(actor="pia")


def test_an_objection_while_a_run_is_prepared_stops_it(approved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever objects between reading and keeping is not in the new run: nothing of it is kept."""
    before = objections.none_since

    def late(customer_ids: object) -> None:
        vault.suppress(ID, reason="objected", actor="somebody")
        before(customer_ids)  # type: ignore[arg-type]

    monkeypatch.setattr(objections, "none_since", late)
    with pytest.raises(Busy, match="1 customers objected or were erased while the run was prepared; prepare it again"):
        prepare(approved / "shop" / "netlift.toml", out=approved / "again")
    assert not (approved / "again").exists()
    assert sorted(p.name for p in (store_folder() / "runs").iterdir()) == ["1"]


def test_keys_are_renewed(approved: Path) -> None:
    """After renewing, old and new contact data open, everybody is known by the same hash, and the approval holds."""
    hashes = set(Contact.objects.values_list("customer_hash", "email_hash"))
    blobs = set(Contact.objects.values_list("blob", flat=True))
    done = privacy.renew_keys()
    assert done == {"contacts": shop.CUSTOMERS + 1, "new_key": True, "keys": 2}
    assert (store_folder() / "vault.key").stat().st_mode & 0o777 == 0o600
    assert set(Contact.objects.values_list("customer_hash", "email_hash")) == hashes
    assert blobs.isdisjoint(set(Contact.objects.values_list("blob", flat=True)))
    assert vault.fields([ID])[ID]["email"] == EMAIL
    assert launch("1", dry_run=True)["counts"]["ready"] > 50
