from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.db import transaction

from netlift.errors import SettingsError
from netlift.store import audit, keys, store_folder, vault
from netlift.store.models import Contact

ANNA = {"customer_id": "001", "email": "Anna.Canary@example.com", "phone": "+1 212 555 0100", "name": "Anna Ångström", "postal": ""}


def test_what_goes_in_comes_out(owner: str) -> None:
    """Fields come back as text; empty ones and unknown customers do not."""
    assert vault.put([ANNA, {"customer_id": "1", "email": None}]) == 2
    assert vault.fields(["001", "1", "2"]) == {
        "001": {"email": "Anna.Canary@example.com", "phone": "+1 212 555 0100", "name": "Anna Ångström"},
        "1": {},
    }


def test_put_again_replaces(owner: str) -> None:
    """The last contact data count, and there is one row per customer."""
    vault.put([ANNA])
    vault.put([{"customer_id": "001", "email": "new@example.com"}])
    assert vault.fields(["001"]) == {"001": {"email": "new@example.com"}}
    assert Contact.objects.count() == 1


def test_many_rows(owner: str) -> None:
    """More rows than one statement takes."""
    vault.put({"customer_id": str(i), "email": f"c{i}@example.com"} for i in range(1201))
    assert len(vault.fields([str(i) for i in range(1300)])) == 1201


def test_no_contact_data_in_the_file(owner: str) -> None:
    """Who gets hold of the database alone reads no address, number or name."""
    vault.put([ANNA])
    vault.suppress("001", reason="asked by phone", actor=owner)
    contents = b"".join(path.read_bytes() for path in store_folder().iterdir())
    for secret in (b"Canary", b"canary", b"2125550100", b"555 0100", "Ångström".encode()):
        assert secret not in contents


def test_key_file_is_private(owner: str) -> None:
    """Only its owner can read the key."""
    vault.put([ANNA])
    assert (store_folder() / "vault.key").stat().st_mode & 0o777 == 0o600


def test_key_from_the_environment(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With NETLIFT_VAULT_KEY there is no key file, and another key opens nothing."""
    monkeypatch.setenv("NETLIFT_VAULT_KEY", Fernet.generate_key().decode())
    vault.put([ANNA])
    assert not (store_folder() / "vault.key").exists()
    assert vault.fields(["001"])["001"]["name"] == "Anna Ångström"
    monkeypatch.setenv("NETLIFT_VAULT_KEY", Fernet.generate_key().decode())
    with pytest.raises(SettingsError, match="encrypted with another key"):
        vault.fields(["001"])


def test_key_that_is_none(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong key is named, without showing it."""
    monkeypatch.setenv("NETLIFT_VAULT_KEY", "not-a-key")
    with pytest.raises(SettingsError, match="NETLIFT_VAULT_KEY is not a key") as caught:
        vault.put([ANNA])
    assert "not-a-key" not in str(caught.value)


@pytest.mark.parametrize("given", [",", " ", f"{Fernet.generate_key().decode()},short"])
def test_a_list_of_keys_with_none_or_a_wrong_one(owner: str, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    """Nothing but separators, or one bad key among good ones, is told."""
    monkeypatch.setenv("NETLIFT_VAULT_KEY", given)
    with pytest.raises(SettingsError, match="NETLIFT_VAULT_KEY is not a key"):
        vault.put([ANNA])


def test_keys_from_the_environment_are_changed_by_who_sets_them(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new key in front: old data open, hashes stay, and after encrypting again the keys in between may go."""
    oldest, middle, newest = (Fernet.generate_key().decode() for _ in range(3))
    monkeypatch.setenv("NETLIFT_VAULT_KEY", oldest)
    vault.put([ANNA])
    hashed = Contact.objects.get().customer_hash
    for given in (f"{middle},{oldest}", f"{newest},{middle},{oldest}", f"{newest},{oldest}"):
        monkeypatch.setenv("NETLIFT_VAULT_KEY", given)
        assert keys.renew() is False
        with transaction.atomic():
            assert vault.reencrypt() == 1
        assert vault.fields(["001"])["001"]["name"] == "Anna Ångström"
    vault.put([ANNA])
    assert Contact.objects.get().customer_hash == hashed
    assert not (store_folder() / "vault.key").exists()


def test_suppressed_by_channel(owner: str) -> None:
    """A suppression holds for its channel, or for all."""
    vault.put({"customer_id": c, "email": f"{c}@example.com"} for c in "abcd")
    vault.suppress("a", reason="asked", actor=owner)
    vault.suppress("b", reason="unsubscribed", actor=owner, channel="email")
    assert vault.suppressed() == {"a", "b"}
    assert vault.suppressed("email") == {"a", "b"}
    assert vault.suppressed("sms") == {"a"}
    assert vault.suppressed("email", ["b", "c"]) == {"b"}
    assert audit.verify().whole


def test_suppression_outlives_the_contact(owner: str) -> None:
    """Deleted and imported again, under the same id or under the same address, the person stays suppressed."""
    vault.put([ANNA])
    vault.suppress("001", reason="asked", actor=owner)
    vault.suppress("001", reason="asked again", actor=owner)
    Contact.objects.all().delete()
    assert vault.suppressed() == frozenset()
    vault.put([{"customer_id": "001", "email": "other@example.com"}, {"customer_id": "777", "email": " anna.canary@EXAMPLE.com "}])
    vault.put([{"customer_id": "778", "phone": "+1 (212) 555-0100"}])
    assert vault.suppressed() == {"001", "777", "778"}


def test_suppression_of_an_unknown_customer_waits(owner: str) -> None:
    """Somebody suppressed before the first import is suppressed after it."""
    vault.suppress("009", reason="asked", actor=owner)
    vault.put([{"customer_id": "009", "email": "n@example.com"}])
    assert vault.suppressed() == {"009"}


def test_salt_is_one_per_store(owner: str, tmp_path: Path) -> None:
    """Always the same in one store, another in the next."""
    from netlift.store import open_store

    here = vault.salt()
    assert vault.salt() == here
    open_store(tmp_path / "other")
    assert vault.salt() != here
