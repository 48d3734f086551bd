"""A Postfix of the tests' own, on a free port of this machine; the system's is never touched. It needs root and Debian's package."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import free_port

MAIN = """
compatibility_level = 3.6
queue_directory = {w}/q
data_directory = {w}/d
mail_owner = postfix
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.test.local
mydestination =
alias_maps =
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = shop.test, cust.test
virtual_mailbox_base = {w}/box
virtual_mailbox_maps = regexp:{w}/pf/vmap
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
default_transport = error:5.4.4 no external delivery in tests
transport_maps = regexp:{w}/pf/tmap
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_reject_unlisted_recipient = no
recipient_delimiter = +
maillog_file = {w}/d/mail.log
maillog_file_prefixes = {w}
delay_warning_time = 1s
queue_run_delay = 2s
minimal_backoff_time = 2s
maximal_backoff_time = 2s
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
MAILBOXES = "/^bounces(\\+.*)?@shop\\.test$/ bounces/\n/^u[0-9]+@cust\\.test$/ cust/\n"
FATES = "/@gone\\.test$/ error:5.1.1 no such user\n/@full\\.test$/ retry:4.2.2 mailbox full\n/@policy\\.test$/ error:5.7.1 blocked\n"


@dataclass(frozen=True, slots=True)
class Postfix:
    """A running relay. u1@cust.test is delivered; @gone.test bounces 5.1.1, @policy.test 5.7.1, @full.test waits with 4.2.2."""

    port: int
    folder: Path

    @property
    def log(self) -> Path:
        """Its mail.log."""
        return self.folder / "d" / "mail.log"

    @property
    def bounces(self) -> Path:
        """The Maildir of bounces@shop.test, whatever follows a plus."""
        return self.folder / "box" / "bounces"

    @property
    def delivered(self) -> list[Path]:
        """Mail that customers got."""
        return sorted((self.folder / "box" / "cust" / "new").glob("*"))

    def wait_for(self, returned: int, *, seconds: float = 60) -> None:
        """Wait until so many mails have come back."""
        deadline = time.monotonic() + seconds
        while len(found := list((self.bounces / "new").glob("*"))) < returned:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(found)} of {returned} mails came back:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.2)


@contextmanager
def postfix() -> Iterator[Postfix]:
    """Start it, and stop it."""
    program = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None or os.geteuid() != 0:
        raise AssertionError("These tests need root and Debian's package postfix: apt-get install --no-install-recommends postfix.")
    with tempfile.TemporaryDirectory(prefix="netlift-postfix-") as name:
        folder = Path(name)
        for part in ("", "pf", "q", "d", "box"):
            (folder / part).mkdir(exist_ok=True)
            (folder / part).chmod(0o755)
        shutil.chown(folder / "d", "postfix")
        shutil.chown(folder / "box", 65534, 65534)
        relay = Postfix(free_port(), folder)
        for file, text in (("main.cf", MAIN), ("master.cf", MASTER), ("vmap", MAILBOXES), ("tmap", FATES)):
            filled = text.replace("{w}", name).replace("{port}", str(relay.port))
            (folder / "pf" / file).write_text(filled.lstrip())
        _run(program, folder, "start")
        try:
            yield relay
        finally:
            _run(program, folder, "stop")


def _run(program: str, folder: Path, command: str) -> None:
    done = subprocess.run(
        [program, "-c", str(folder / "pf"), command], check=False, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    if done.returncode:
        raise AssertionError(f"postfix {command} failed: {done.stderr.strip()}")
