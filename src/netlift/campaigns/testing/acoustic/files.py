"""The SFTP side: one user, folders upload and download, no shell and nothing outside of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh

Called = Callable[[str, str], None]


class _Login(asyncssh.SSHServer):
    def __init__(self, user: str, password: str) -> None:
        self._right = (user, password)

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == self._right


class _Folder(asyncssh.SFTPServer):
    def __init__(self, channel: asyncssh.SSHServerChannel[Any], *, root: Path, called: Called) -> None:
        super().__init__(channel, chroot=str(root).encode())
        self._called = called

    def rename(self, oldpath: bytes, newpath: bytes) -> Any:  # noqa: ANN401 - as in asyncssh
        self._called("rename", "before")
        done = super().rename(oldpath, newpath)
        self._called("rename", "after")
        return done


class Sftp:
    """The server, in a thread with a loop of its own. `port` and `host_key` are there after `start`."""

    def __init__(self, root: Path, *, user: str, password: str, called: Called) -> None:
        self._root, self._user, self._password, self._called = root, user, password, called
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        self.host_key = self._key.export_public_key().decode().strip()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        """Listen on a free port."""
        for folder in ("upload", "download"):
            (self._root / folder).mkdir(parents=True, exist_ok=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(30)
        self.port = self._server.get_port()

    def stop(self) -> None:
        """End it and its sessions."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    async def _listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.create_server(
            lambda: _Login(self._user, self._password),
            "127.0.0.1",
            0,
            server_host_keys=[self._key],
            sftp_factory=lambda channel: _Folder(channel, root=self._root, called=self._called),
            allow_scp=False,
        )

    async def _end(self) -> None:
        self._server.close()
        await self._server.wait_closed()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
