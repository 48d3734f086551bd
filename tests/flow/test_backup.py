"""The scripts of docs/operating really bring a store back, on both databases."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connections

from netlift.campaigns.testing import Sink
from netlift.store import audit, open_store, runs, vault
from netlift.workflow import decide
from netlift.workflow.launch import launch
from tests import servers
from tests.conftest import ROOT
from tests.store.servers import StoreServer
from tests.workflow import plans


def script(name: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the documentation, with the programs of PostgreSQL and of this environment in reach."""
    pg_dump = Path(servers.program("pg_dump")).parent
    path = os.pathsep.join([str(Path(sys.executable).parent), str(pg_dump), os.environ["PATH"]])
    command = [str(ROOT / "docs" / "operating" / name), str(folder)]
    return subprocess.run(command, env={**os.environ, "PATH": path, **environment}, capture_output=True, text=True, check=False)


def test_a_store_comes_back(both_databases: str, tmp_path: Path, store_server: StoreServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs, votes, contact data, keys and the audit trail are there again, and an approved plan can be sent from it."""
    plans.opened(tmp_path / "netlift")
    with Sink() as sink:
        run_id = plans.approved(tmp_path / "netlift" / "runs" / "1", port=sink.port)
        audit.note_head()
        made = script("backup.sh", tmp_path / "backup")
        assert (made.returncode, made.stderr) == (0, "")
        with_later = decide.stop(run_id, actor=plans.AUTHOR)
        assert with_later["state"] == "draft"
        connections.close_all()
        (tmp_path / "netlift").rename(tmp_path / "lost")
        name = "restored"
        if both_databases == "postgres":
            store_server.server.run(f"CREATE DATABASE {name}")
            monkeypatch.setenv("NETLIFT_DATABASE_URL", store_server.url(name))
        try:
            back = script("restore.sh", tmp_path / "backup")
            assert (back.returncode, back.stderr) == (0, "")
            assert "events are as they were written, and 4 noted heads agree." in back.stdout
            open_store()
            assert runs.get(run_id).state == "approved"
            assert vault.fields(["c0001"])["c0001"]["email"] == "c0001@example.com"
            assert launch(run_id, actor=plans.OPERATOR)["counts"] == {"accepted": 18, "excluded": 2}
            refused = script("restore.sh", tmp_path / "backup")
            assert (refused.returncode, refused.stderr) == (1, f"{tmp_path / 'netlift'} is not empty; name another folder.\n")
        finally:
            if both_databases == "postgres":
                store_server.drop(name)
