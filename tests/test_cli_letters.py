"""`netlift preview`, `netlift test-send` and `netlift dkim-key`, as they are typed."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization

from netlift.campaigns import dkim
from netlift.campaigns.testing import Sink
from tests.test_cli import Netlift, netlift
from tests.workflow import plans

__all__ = ["netlift"]  # a fixture


def test_looking_at_a_plan(netlift: Netlift, tmp_path: Path) -> None:
    """Without a customer what is wrong and missing, with one his message; the address is masked in both forms of output."""
    plans.opened(tmp_path / "netlift")
    run_id = plans.draft(tmp_path / "run")
    told = netlift("preview", run_id, "--as", plans.AUTHOR)
    assert "Wine by email: fields name.\n  The footer of the offer 'Wine' lacks a postal address" in told.out
    assert netlift("preview", run_id, "--as", plans.AUTHOR, "--json").json()["lacking"] == {}
    seen = netlift("preview", run_id, "--customer", "c0001", "--as", plans.AUTHOR)
    assert seen.out.startswith("Wine by email to c…@example.com\nSubject: A letter for Name c0001\n\nHello Name c0001,")
    for out in ("x.eml", "x.txt"):
        seen = netlift("preview", run_id, "--customer", "c0001", "--out", tmp_path / out, "--as", plans.AUTHOR)
        assert seen.out.endswith(f"Wrote {tmp_path / out}.\n")
        assert (
            "Name c0001" in (tmp_path / "x.txt").read_text() if out == "x.txt" else (tmp_path / out).read_bytes().startswith(b"Subject: A")
        )
    assert netlift("preview", run_id, "--out", tmp_path / "y.eml", "--as", plans.AUTHOR).err.startswith("--out needs --customer")
    assert netlift("preview", run_id, "--customer", "c0001", "--out", tmp_path / "y.html", "--as", plans.AUTHOR).code == 1
    assert "c0001@example.com" not in netlift("preview", run_id, "--customer", "c0001", "--as", plans.AUTHOR, "--json").out


def test_a_test_copy(netlift: Netlift, tmp_path: Path) -> None:
    """To the own domain it goes, elsewhere it is refused with exit code 3."""
    plans.opened(tmp_path / "netlift")
    with Sink() as sink:
        run_id = plans.draft(tmp_path / "run", port=sink.port)
        told = netlift("test-send", run_id, "--to", "qa@shop.example", "--as", plans.AUTHOR)
        assert told.out == f"Sent 1 test messages of run {run_id} to q…@shop.example: 1 accepted.\n"
        refused = netlift("test-send", run_id, "--to", "eve@evil.example", "--as", plans.AUTHOR, "--json")
        assert (refused.code, "neither in the domain" in refused.json()["error"]) == (3, True)
        assert [to for to, _ in sink.received] == ["qa@shop.example"]


def test_a_key_and_its_record(netlift: Netlift, tmp_path: Path) -> None:
    """The file is the owner's alone and never overwritten; the record is that of the key, in strings the DNS can hold."""
    out = tmp_path / "dkim.pem"
    told = netlift("dkim-key", "netlift1", "--domain", "shop.example", "--out", out)
    record = dkim.record(out.read_bytes())
    assert out.stat().st_mode & 0o777 == 0o600
    assert f'netlift1._domainkey.shop.example. IN TXT "{record[:250]}" "{record[250:]}"' in told.out
    assert "PRIVATE" not in told.out
    before = out.read_bytes()
    again = netlift("dkim-key", "netlift1", "--domain", "shop.example", "--out", out)
    assert (again.code, out.read_bytes()) == (1, before)
    assert "no key is overwritten" in again.err
    short = netlift("dkim-key", "n2", "--domain", "shop.example", "--out", tmp_path / "e.pem", "--ed25519", "--json").json()
    assert short["record"].startswith("v=DKIM1; k=ed25519; p=")
    assert serialization.load_pem_private_key((tmp_path / "e.pem").read_bytes(), password=None)
    assert netlift("dkim-key", "x", "--domain", "shop.example", "--out", tmp_path / "no" / "x.pem").code == 1
