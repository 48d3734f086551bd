"""Objects of a real S3 server become a table: only what is new, whole, and never a mixture of two versions."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import multiprocessing
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from netlift import sources
from netlift.engine import Engine
from netlift.errors import SettingsError, SourceError
from netlift.settings import EngineSettings, Settings, parse
from netlift.sources import s3, s3_store
from netlift.sources.relation import Place, Relation
from tests.sources.gateway import ACCESS, BUCKET, SECRET, Gateway, Proxy, free_port, gateway, listing, refusal

MIB = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("juicefs"), etags=True) as running:
        yield running


@pytest.fixture(scope="module")
def plain_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A server that gives no etags."""
    with gateway(tmp_path_factory.mktemp("juicefs-plain"), etags=False) as running:
        yield running


@pytest.fixture
def proxy(server: Gateway) -> Iterator[Proxy]:
    between = Proxy(server.port)
    yield between
    between.close()


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> str:
    """A folder of the bucket for this test."""
    return hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The right keys, and no long waiting."""
    monkeypatch.setenv("LAKE_KEY", ACCESS)
    monkeypatch.setenv("LAKE_SECRET", SECRET)
    monkeypatch.setattr(s3, "PAUSE", 0.01)
    monkeypatch.setattr(s3_store, "RETRIES", {"max_retries": 1, "retry_timeout": timedelta(seconds=2)})


KEYS = {"access_key_env": "LAKE_KEY", "secret_key_env": "LAKE_SECRET"}


def settings_for(port: int, path: str, tmp_path: Path, **connection: Any) -> Settings:
    given = {"kind": "s3", "endpoint": f"http://127.0.0.1:{port}", "path_style": True, **(connection or KEYS)}
    return parse(
        {
            "project": {"name": "Shop", "currency": "EUR"},
            "connections": {"lake": given},
            "tables": {"customers": {"source": "s3", "connection": "lake", "path": path}},
        },
        folder=tmp_path,
        sha256="",
    )


def read(port: int, path: str, tmp_path: Path, **connection: Any) -> Relation:
    settings = settings_for(port, path, tmp_path, **connection)
    return s3.read(settings.tables["customers"], name="customers", place=Place(settings, tmp_path / "landing"))


def ids(relation: Relation) -> list[str]:
    """The values of the column customer_id, in the order of the objects."""
    return [v for batch in relation.batches(["customer_id"]) for v in batch.rows.column(0).to_pylist()]


def csv(*values: object) -> bytes:
    return "".join(f"{v}\n" for v in ("customer_id", *values)).encode()


def big(rows: int, first: int = 0) -> bytes:
    return csv(*(f"customer number {i:090d}" for i in range(first, first + rows)))


def parquet(*values: str) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"customer_id": list(values)}), buffer)
    return buffer.getvalue()


def test_a_folder_is_a_table(server: Gateway, folder: str, tmp_path: Path) -> None:
    """CSV and CSV.GZ objects below a folder are one table in the engine; a writer's marks are left out."""
    server.put(f"{folder}/a.csv", csv(1, 2))
    server.put(f"{folder}/sub/b.csv.gz", gzip.compress(csv(3)))
    server.put(f"{folder}/_SUCCESS", b"")
    server.put(f"{folder}/_temporary/c.csv", csv(4))
    settings = settings_for(server.port, f"s3://{BUCKET}/{folder}", tmp_path)
    with Engine(EngineSettings(threads=1)) as engine:
        (table,) = sources.load(settings, engine, landing=tmp_path / "landing").inputs
        assert engine.rows("SELECT customer_id FROM customers ORDER BY 1") == [("1",), ("2",), ("3",)]
    assert (table.rows_in, table.rows_ok, table.source) == (3, 3, f"s3://{BUCKET}/{folder}")


def test_parquet_by_glob(server: Gateway, folder: str, tmp_path: Path) -> None:
    """A glob takes the Parquet objects of its folder, in the order of their keys, and notes their rows."""
    for name, value in (("2", "b"), ("1", "a"), ("x", "c")):
        server.put(f"{folder}/part-{name}.parquet", parquet(value))
    server.put(f"{folder}/deep/part-3.parquet", parquet("d"))
    relation = read(server.port, f"s3://{BUCKET}/{folder}/part-?.parquet", tmp_path)
    assert ids(relation) == ["a", "b", "c"]
    assert relation.files == ("part-1.parquet", "part-2.parquet", "part-x.parquet")
    (manifest,) = (tmp_path / "landing").glob("*/manifest.jsonl")
    assert [json.loads(line)["rows"] for line in manifest.read_text().splitlines()] == [1, 1, 1]
    assert ids(read(server.port, f"s3://{BUCKET}/{folder}/**/*.parquet", tmp_path)) == ["d", "a", "b", "c"]


def test_one_object(server: Gateway, folder: str, tmp_path: Path) -> None:
    """A key is read as it is, also one whose name does not say what it is where the format does."""
    server.put(f"{folder}/a.csv", csv(1))
    server.put(f"{folder}/a.csv.old", csv(2))
    assert ids(read(server.port, f"s3://{BUCKET}/{folder}/a.csv", tmp_path)) == ["1"]
    with pytest.raises(SettingsError, match=r"'.*/a.csv.old' does not say by its name what it is"):
        read(server.port, f"s3://{BUCKET}/{folder}/a.csv.old", tmp_path)


def test_only_what_is_new_is_fetched(server: Gateway, proxy: Proxy, folder: str, tmp_path: Path) -> None:
    """The second run asks for the listing and the new object only."""
    server.put(f"{folder}/a.csv", csv(1))
    assert ids(read(proxy.port, f"s3://{BUCKET}/{folder}/", tmp_path)) == ["1"]
    server.put(f"{folder}/b.csv", csv(2))
    proxy.requests.clear()
    assert ids(read(proxy.port, f"s3://{BUCKET}/{folder}/", tmp_path)) == ["1", "2"]
    assert proxy.gets("a.csv") == []
    assert len(proxy.gets("b.csv")) == 1


@pytest.mark.parametrize("etags", [True, False])
def test_a_changed_object_is_fetched_again(etags: bool, folder: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:  # noqa: FBT001
    """New content under an old key replaces the old, whether the server gives etags or not."""
    server: Gateway = request.getfixturevalue("server" if etags else "plain_server")
    path = f"s3://{BUCKET}/{folder}/"
    server.put(f"{folder}/a.csv", csv(1))
    first = read(server.port, path, tmp_path)
    server.put(f"{folder}/a.csv", csv(2))
    second = read(server.port, path, tmp_path)
    assert ids(second) == ["2"]
    assert first.sha256 != second.sha256


def test_a_removed_object_leaves_the_table(server: Gateway, folder: str, tmp_path: Path) -> None:
    """The table is what the bucket holds now, and the report says what is gone; an emptied folder is an error and keeps all."""
    path = f"s3://{BUCKET}/{folder}/"
    for name in "ab":
        server.put(f"{folder}/{name}.csv", csv(name))
    read(server.port, path, tmp_path)
    server.delete(f"{folder}/a.csv")
    relation = read(server.port, path, tmp_path)
    assert ids(relation) == ["b"]
    assert relation.notes == [f"1 object is no longer in '{path}', and so no longer in the table."]
    server.delete(f"{folder}/b.csv")
    with pytest.raises(SourceError, match=r"holds no object named \*\.csv, .*; look at the path\."):
        read(server.port, path, tmp_path)
    assert len(list((tmp_path / "landing").glob("*/*.csv"))) == 1


def test_many_objects_at_once(server: Gateway, folder: str, tmp_path: Path) -> None:
    """Forty objects fetched by several threads come in the order of their keys."""
    for i in range(40):
        server.put(f"{folder}/{i:02d}.csv", csv(i))
    assert ids(read(server.port, f"s3://{BUCKET}/{folder}/*.csv", tmp_path)) == [str(i) for i in range(40)]


@pytest.mark.parametrize("etags", [True, False])
def test_a_cut_connection_is_taken_up(etags: bool, folder: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:  # noqa: FBT001
    """Every connection breaks after 1.5 MiB; the object arrives whole, each part once."""
    server: Gateway = request.getfixturevalue("server" if etags else "plain_server")
    proxy = Proxy(server.port)
    content = big(50_000)
    server.put(f"{folder}/a.csv", content)
    proxy.broken = lambda _: 3 * MIB // 2
    relation = read(proxy.port, f"s3://{BUCKET}/{folder}/*.csv", tmp_path)
    (landed,) = (tmp_path / "landing").glob("*/*.csv")
    assert landed.read_bytes() == content
    assert len(ids(relation)) == 50_000
    starts = [int(r.split()[2]) for r in proxy.gets("a.csv") if len(r.split()) > 2]
    assert len(starts) >= 3
    assert starts == sorted(starts)
    assert starts[-1] > 3 * MIB
    proxy.close()


def test_a_stalled_connection_is_taken_up(
    server: Gateway, proxy: Proxy, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that falls silent in the middle is asked again."""
    monkeypatch.setattr(s3_store, "TIMEOUTS", {"read_timeout": "500ms"})
    server.put(f"{folder}/a.csv", big(20_000))
    proxy.stalls = True
    proxy.broken = lambda _: MIB if len(proxy.gets("a.csv")) == 1 else None
    assert len(ids(read(proxy.port, f"s3://{BUCKET}/{folder}/*.csv", tmp_path))) == 20_000


def test_a_connection_cut_again_and_again_is_told(server: Gateway, proxy: Proxy, folder: str, tmp_path: Path) -> None:
    """After bounded tries it is said how far it came; what had arrived is kept, and nothing of the half one."""
    server.put(f"{folder}/a.csv", csv(1))
    server.put(f"{folder}/b.csv", big(20_000))
    proxy.broken = lambda request: 10_000 if "b.csv" in request else None
    path = f"s3://{BUCKET}/{folder}/*.csv"
    with pytest.raises(
        SourceError, match=r"b\.csv' cannot be fetched: the connection was cut 5 times in a row, .* of 2,[0-9,]+ bytes; run"
    ):
        read(proxy.port, path, tmp_path)
    assert [p.name[:2] for p in (tmp_path / "landing").glob("*/*.csv")] == ["a-"]
    assert not list((tmp_path / "landing").glob("*/.partial*"))
    proxy.broken = lambda _: None
    proxy.requests.clear()
    assert len(ids(read(proxy.port, path, tmp_path))) == 20_001
    assert proxy.gets("a.csv") == []


@pytest.mark.parametrize("etags", [True, False])
def test_an_object_replaced_while_it_is_read(etags: bool, folder: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:  # noqa: FBT001
    """Replaced in the middle by another of the same size, the new one is read, whole: never a mixture."""
    server: Gateway = request.getfixturevalue("server" if etags else "plain_server")
    proxy = Proxy(server.port)
    old, new = big(30_000), big(30_000, first=500_000)
    assert len(old) == len(new)
    server.put(f"{folder}/a.csv", old)
    proxy.broken = lambda _: MIB if len(proxy.gets("a.csv")) == 1 else None
    proxy.before = lambda: server.put(f"{folder}/a.csv", new)
    read(proxy.port, f"s3://{BUCKET}/{folder}/*.csv", tmp_path)
    (landed,) = (tmp_path / "landing").glob("*/*.csv")
    assert landed.read_bytes() == new
    proxy.close()


def test_each_try_waits_longer(server: Gateway, proxy: Proxy, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the second to the fifth try it waits 1, 2, 4 and 8 times the pause."""
    monkeypatch.setattr(s3, "PAUSE", 0.1)
    server.put(f"{folder}/a.csv", big(20_000))
    proxy.broken = lambda request: 10_000 if "a.csv" in request else None
    begun = time.monotonic()
    with pytest.raises(SourceError, match="was cut 5 times in a row"):
        read(proxy.port, f"s3://{BUCKET}/{folder}/*.csv", tmp_path)
    assert time.monotonic() - begun > 1.5


def test_when_one_fails_the_others_stop(server: Gateway, proxy: Proxy, folder: str, tmp_path: Path) -> None:
    """A download of half a minute is given up as soon as another object cannot be had."""
    server.put(f"{folder}/slow.csv", big(100_000))
    server.put(f"{folder}/cut.csv", big(20_000))
    proxy.slow = lambda request: 0.2 if "slow.csv" in request else 0
    proxy.broken = lambda request: 10_000 if "cut.csv" in request else None
    begun = time.monotonic()
    with pytest.raises(SourceError, match=r"cut\.csv' cannot be fetched"):
        read(proxy.port, f"s3://{BUCKET}/{folder}/*.csv", tmp_path)
    assert time.monotonic() - begun < 15
    assert not list((tmp_path / "landing").glob("*/*.csv"))


def test_a_killed_process_leaves_a_good_state(server: Gateway, proxy: Proxy, folder: str, tmp_path: Path) -> None:
    """Killed in the middle of an object, the next run fetches that one again, and not what had landed."""
    server.put(f"{folder}/a.csv", csv(1))
    server.put(f"{folder}/b.csv", big(20_000))
    path = f"s3://{BUCKET}/{folder}/*.csv"
    proxy.stalls = True
    proxy.broken = lambda request: MIB if "b.csv" in request else None
    child = multiprocessing.get_context("spawn").Process(target=read, args=(proxy.port, path, tmp_path))
    child.start()
    landing = tmp_path / "landing"
    until = time.monotonic() + 30
    while time.monotonic() < until and not (list(landing.glob("*/a-*.csv")) and list(landing.glob("*/.partial*.csv"))):
        time.sleep(0.01)
    time.sleep(0.2)  # so that a.csv is in the manifest
    child.kill()
    child.join()
    assert list(landing.glob("*/.partial*.csv"))
    proxy.broken = lambda _: None
    proxy.requests.clear()
    assert len(ids(read(proxy.port, path, tmp_path))) == 20_001
    assert proxy.gets("a.csv") == []
    assert not list(landing.glob("*/.partial*"))


def test_an_object_replaced_all_the_time_is_refused(server: Gateway, proxy: Proxy, folder: str, tmp_path: Path) -> None:
    """After three rounds the object is refused by name."""
    server.put(f"{folder}/a.csv", big(30_000))
    rounds = iter(range(1, 100))
    proxy.broken = lambda request: MIB if "a.csv" in request else None
    proxy.before = lambda: server.put(f"{folder}/a.csv", big(30_000 + next(rounds)))
    with pytest.raises(SourceError, match=r"/a\.csv' changes again and again while it is read; run again when it is complete\."):
        read(proxy.port, f"s3://{BUCKET}/{folder}/*.csv", tmp_path)
    assert not list((tmp_path / "landing").glob("*/*.csv"))


def test_an_object_removed_while_it_is_read(server: Gateway, proxy: Proxy, folder: str, tmp_path: Path) -> None:
    """An object that vanishes in the middle is not in the table."""
    server.put(f"{folder}/a.csv", big(30_000))
    server.put(f"{folder}/b.csv", csv(1))
    proxy.broken = lambda request: MIB if "a.csv" in request else None
    proxy.before = lambda: server.delete(f"{folder}/a.csv")
    assert ids(read(proxy.port, f"s3://{BUCKET}/{folder}/*.csv", tmp_path)) == ["1"]


@pytest.mark.parametrize("by", ["listing", "key"])
@pytest.mark.parametrize(
    ("key", "secret", "said"),
    [
        ("AKWRONG", SECRET, "does not know the access key; look at the key's name and value (InvalidAccessKeyId)."),
        (ACCESS, "wrong", "refuses the secret key; it does not belong to the access key (SignatureDoesNotMatch)."),
    ],
)
def test_wrong_credentials(
    server: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, by: str, key: str, secret: str, said: str
) -> None:
    """It is said whether key or secret is wrong, and neither is shown."""
    monkeypatch.setenv("LAKE_KEY", key)
    monkeypatch.setenv("LAKE_SECRET", secret)
    with pytest.raises(SourceError) as caught:
        read(server.port, f"s3://{BUCKET}/" + ("a.csv" if by == "key" else ""), tmp_path)
    assert str(caught.value).endswith(said)
    assert "AKWRONG" not in str(caught.value)


def test_a_session_token_that_is_none(server: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token the server did not give is told."""
    monkeypatch.setenv("LAKE_TOKEN", "nonsense")
    with pytest.raises(SourceError, match=r"does not accept the session token; get a new one, together with its keys"):
        read(server.port, f"s3://{BUCKET}/a.csv", tmp_path, **KEYS, session_token_env="LAKE_TOKEN")


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        ("400 Bad Request", "ExpiredToken", "says that the session token has expired; get a new one"),
        ("403 Forbidden", "AccessDenied", "does not let this account list or read there"),
        ("403 Forbidden", "RequestTimeTooSkewed", "this machine's clock is wrong"),
        ("400 Bad Request", "AuthorizationHeaderMalformed", "expects another region"),
        ("400 Bad Request", "SomethingNew", "answers: SomethingNew."),
    ],
)
def test_answers_of_amazon(proxy: Proxy, tmp_path: Path, *, status: str, code: str, said: str) -> None:
    """Refusals in Amazon's words become one sentence (answers as documented; not given by juicefs)."""
    proxy.answer = refusal(status, code)
    for path in ("a.csv", "*.csv"):
        with pytest.raises(SourceError, match=said):
            read(proxy.port, f"s3://{BUCKET}/{path}", tmp_path)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("s3://nobucket/a.csv", r"'s3://nobucket/?.*' cannot be read: .* has no such bucket; look at its name \(NoSuchBucket\)\."),
        ("s3://nobucket/*.csv", r"'s3://nobucket' cannot be read: .* has no such bucket"),
        (f"s3://{BUCKET}/none/a.csv", rf"'s3://{BUCKET}/none/a\.csv' holds no object named .*; look at the path\."),
        (f"s3://{BUCKET}/none/", r"holds no object named"),
        (f"s3://{BUCKET}/none/*.csv", r"holds no object of that pattern; look at the path\."),
    ],
)
def test_nothing_there(server: Gateway, tmp_path: Path, path: str, said: str) -> None:
    """A bucket, key, folder or pattern without anything is named."""
    with pytest.raises(SourceError, match=said):
        read(server.port, path, tmp_path)


def test_nobody_answers(tmp_path: Path) -> None:
    """A closed port is told."""
    with pytest.raises(SourceError, match=r"http://127\.0\.0\.1:\d+ cannot be reached; look at the connection's endpoint"):
        read(free_port(), f"s3://{BUCKET}/a.csv", tmp_path)


@pytest.mark.parametrize("key", ["x..%2f..%2f..%2fescape.csv", " blank .csv", "ü+&=%20.csv", "a\\..\\b.csv", "semi;colon'quote\".csv"])
def test_odd_keys_stay_in_the_landing_area(server: Gateway, folder: str, tmp_path: Path, key: str) -> None:
    """Keys with encoded dots, blanks, signs and quotes are read, and nothing is written outside the table's folder."""
    server.put(f"{folder}/{key}", csv(1))
    relation = read(server.port, f"s3://{BUCKET}/{folder}/", tmp_path)
    assert ids(relation) == ["1"]
    assert relation.files == (key,)
    assert [p.name for p in tmp_path.iterdir() if p.name != "netlift"] == ["landing"]
    assert len(list(tmp_path.glob("landing/*"))) == 1


@pytest.mark.parametrize("key", ["../../escape.csv", "a/../../escape.csv", "a//b.csv"])
def test_keys_of_dots_are_refused(proxy: Proxy, tmp_path: Path, key: str) -> None:
    """A key that would lead out of the folder is refused by name (another server's listing: juicefs cannot store one)."""
    proxy.answer = listing("fine.csv", key)
    with pytest.raises(SourceError, match=r"holds an object that cannot be named safely, .*rename it, or write a narrower path"):
        read(proxy.port, f"s3://{BUCKET}/", tmp_path)


def test_keys_from_a_credentials_file(server: Gateway, folder: str, tmp_path: Path) -> None:
    """A profile of an AWS credentials file opens the bucket; the path is relative to netlift.toml."""
    server.put(f"{folder}/a.csv", csv(1))
    (tmp_path / "credentials").write_text(
        f"[default]\naws_access_key_id = nobody\naws_secret_access_key = wrong%\n\n"
        f"[shop]\naws_access_key_id = {ACCESS}\naws_secret_access_key = {SECRET}\n",
    )
    path = f"s3://{BUCKET}/{folder}/a.csv"
    assert ids(read(server.port, path, tmp_path, credentials_file="credentials", profile="shop")) == ["1"]
    with pytest.raises(SourceError, match="does not know the access key"):
        read(server.port, path, tmp_path, credentials_file="credentials")


def test_the_environment_of_aws_does_not_interfere(server: Gateway, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a connection names endpoint and keys, variables named AWS_… lead nowhere else."""
    server.put(f"{folder}/a.csv", csv(1))
    for name in ("AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "nonsense")
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    assert ids(read(server.port, f"s3://{BUCKET}/{folder}/a.csv", tmp_path)) == ["1"]


class _Role(BaseHTTPRequestHandler):
    """The machine's own address for temporary keys, as a cloud's machines have it (EC2 metadata, version 2)."""

    def do_PUT(self) -> None:
        self._say("token")

    def do_GET(self) -> None:
        until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        keys = {"AccessKeyId": ACCESS, "SecretAccessKey": SECRET, "Token": "", "Expiration": until, "Code": "Success"}
        self._say("role" if self.path.endswith("security-credentials/") else json.dumps({**keys, "LastUpdated": until, "Type": "AWS-HMAC"}))

    def _say(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args: Any) -> None:
        pass


def test_keys_of_the_machines_role(server: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without keys the machine's role is asked for them, and its keys are used; where there is no role, that is told."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with HTTPServer(("127.0.0.1", 0), _Role) as role:
        threading.Thread(target=role.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", f"http://127.0.0.1:{role.server_port}")
        with pytest.raises(SourceError, match="holds no object"):
            read(server.port, f"s3://{BUCKET}/nothing/", tmp_path, region="us-east-1")
        role.shutdown()
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(SourceError, match="no credentials could be had from this machine's role"):
        read(server.port, f"s3://{BUCKET}/nothing/", tmp_path, region="us-east-1")
