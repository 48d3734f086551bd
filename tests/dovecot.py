"""A Dovecot of the tests' own: one user's Maildir over IMAP and POP3, on free ports. It needs root and Debian's packages."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import free_port

USER, PASSWORD = "bounces", 'a "quoted" \\ secret'
CONFIG = """
base_dir = {w}/run
state_dir = {w}/state
log_path = {w}/log
protocols = imap pop3
listen = 127.0.0.1
disable_plaintext_auth = no
ssl = {ssl}
{certificate}
mail_location = maildir:{w}/mail
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
first_valid_gid = 1
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
passdb {
  driver = passwd-file
  args = scheme=PLAIN {w}/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home={w}/mail
}
service imap-login {
  inet_listener imap {
    port = {imap}
  }
  inet_listener imaps {
    port = {imaps}
  }
}
service pop3-login {
  inet_listener pop3 {
    port = {pop3}
  }
  inet_listener pop3s {
    port = {pop3s}
  }
}
"""


@dataclass(frozen=True, slots=True)
class Dovecot:
    """A running server."""

    folder: Path
    imap: int
    imaps: int
    pop3: int
    pop3s: int

    @property
    def maildir(self) -> Path:
        """Where the mails are."""
        return self.folder / "mail"

    def put(self, name: str, raw: bytes) -> None:
        """A mail arrives."""
        path = self.maildir / "new" / name
        path.write_bytes(raw)
        shutil.chown(path, "nobody", "nogroup")

    def mails(self) -> list[str]:
        """Names of the mails that are there, without the flags that the server adds."""
        return sorted(p.name.partition(":")[0].partition(",")[0] for part in ("new", "cur") for p in (self.maildir / part).glob("*"))


@contextmanager
def dovecot(*, certificate: tuple[Path, Path] | None = None) -> Iterator[Dovecot]:
    """Start it, and stop it; `certificate` (certificate, key) makes the ports with TLS work."""
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None or os.geteuid() != 0:
        raise AssertionError("These tests need root and Debian's packages: apt-get install dovecot-imapd dovecot-pop3d.")
    with tempfile.TemporaryDirectory(prefix="netlift-dovecot-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Dovecot(folder, free_port(), free_port(), free_port(), free_port())
        for part in ("mail", "mail/new", "mail/cur", "mail/tmp"):
            (folder / part).mkdir()
            shutil.chown(folder / part, "nobody", "nogroup")
        (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}::::::\n")
        (folder / "users").chmod(0o644)
        filled = CONFIG
        lines = f"ssl_cert = <{certificate[0]}\nssl_key = <{certificate[1]}" if certificate else ""
        ports = {"imap": server.imap, "imaps": server.imaps, "pop3": server.pop3, "pop3s": server.pop3s}
        for mark, text in {"w": name, "ssl": "yes" if certificate else "no", "certificate": lines, **ports}.items():
            filled = filled.replace(f"{{{mark}}}", str(text))
        (folder / "dovecot.conf").write_text(filled)
        with subprocess.Popen([program, "-F", "-c", str(folder / "dovecot.conf")], stderr=subprocess.PIPE) as process:
            try:
                _wait_for(server.imap, process, folder)
                yield server
            finally:
                process.terminate()
                process.communicate(timeout=20)


def _wait_for(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(200):
        if process.poll() is not None:
            break
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    log = folder / "log"
    raise AssertionError(f"dovecot did not start: {log.read_text() if log.exists() else process.stderr and process.stderr.read()!r}")
