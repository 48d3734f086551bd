"""Real servers for tests, started on free loopback ports and stopped afterwards. A missing program fails with a sentence."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

POSTGRES_PROGRAMS = Path("/usr/lib/postgresql")  # where Debian puts them


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running PostgreSQL; `owner` may do everything, and everybody signs in with a password."""

    port: int
    password: str
    folder: Path
    owner: str = "owner"
    database: str = "postgres"

    def run(self, *statements: str) -> None:
        """Run statements as the owner, each in a transaction of its own."""
        command = [program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", self.owner]
        for statement in statements:
            done = subprocess.run(
                [*command, "-d", self.database, "-c", statement],
                check=False,
                capture_output=True,
                text=True,
                env={**os.environ, "PGPASSWORD": self.password},
            )
            if done.returncode:
                raise AssertionError(f"{statement} failed: {done.stderr.strip()}")

    def stop(self) -> None:
        """Take the server away at once, as in a crash."""
        _as_somebody([program("pg_ctl"), "-D", str(self.folder), "-w", "-m", "immediate", "stop"])

    def start(self) -> None:
        """Start it again, as it was."""
        options = (self.folder / "postmaster.opts").read_text(encoding="utf-8").split(" ", 1)[1].strip()
        _as_somebody([program("pg_ctl"), "-D", str(self.folder), "-w", "-l", str(self.folder.parent / "log"), "-o", options, "start"])


@contextmanager
def postgres(*, certificate: tuple[bytes, bytes] | None = None) -> Iterator[Postgres]:
    """A private PostgreSQL cluster in a temporary folder; `certificate` (PEM of certificate, key) switches TLS on."""
    with tempfile.TemporaryDirectory(prefix="netlift-postgres-") as parent:
        server = Postgres(free_port(), "the-owner's password", Path(parent) / "data")
        Path(parent).chmod(0o755)
        secret = Path(parent) / "password"
        secret.write_text(server.password + "\n")
        _own(Path(parent))
        _own(secret)
        signed_in = ["-A", "scram-sha-256", "-U", server.owner, f"--pwfile={secret}"]
        _as_somebody([program("initdb"), "-D", str(server.folder), "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", *signed_in])
        options = f"-p {server.port} -h 127.0.0.1 -k '' -F"
        if certificate:
            for name, content in zip(("server.crt", "server.key"), certificate, strict=True):
                (server.folder / name).write_bytes(content)
                (server.folder / name).chmod(0o600)
                _own(server.folder / name)
            options += " -c ssl=on"
        control = [program("pg_ctl"), "-D", str(server.folder), "-w"]
        _as_somebody([*control, "-l", str(Path(parent) / "log"), "-o", options, "start"])
        try:
            yield server
        finally:
            _as_somebody([*control, "-m", "immediate", "stop"])


def program(name: str) -> str:
    """Where a program of PostgreSQL is: the newest version's."""
    versions = sorted((p for p in POSTGRES_PROGRAMS.glob("*/bin") if (p / name).exists()), key=lambda p: float(p.parent.name))
    found = str(versions[-1] / name) if versions else shutil.which(name)
    if found is None:
        raise AssertionError(f"The tests need PostgreSQL's '{name}': install Debian's package postgresql.")
    return found


def _own(path: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(path, "postgres", "postgres")


def _as_somebody(command: Sequence[str]) -> None:
    """Run a program, as the account `postgres` where this is root: PostgreSQL refuses to be run by root."""
    account = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run([*account, *command], check=False, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/")
    if done.returncode:
        raise AssertionError(f"'{Path(command[0]).name}' failed: {done.stderr.strip()}")
