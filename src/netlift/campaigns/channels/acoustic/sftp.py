"""Files to and from the platform by SFTP: a pinned host key, a temporary name until a file is whole, sizes compared."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import asyncssh

from netlift.campaigns.channels.acoustic.faults import AcousticError, AuthLost, Malformed, Throttled
from netlift.settings import AcousticSettings

T = TypeVar("T")
UPLOAD, DOWNLOAD = "upload", "download"
LONGEST = 3600.0  # seconds of one session, however large the files are


def put(settings: AcousticSettings, files: dict[str, Path]) -> None:
    """Upload files under these names, each only once: one that is there with the same size is left alone.

    Raises:
        AcousticError: no connection, a name that is taken by another file, or a size that differs afterwards.
    """
    sizes = {name: path.stat().st_size for name, path in files.items()}

    async def act(sftp: asyncssh.SFTPClient) -> None:
        for name, path in files.items():
            await _put(sftp, f"{UPLOAD}/{name}", path, sizes[name])

    _session(settings, act)


def get(settings: AcousticSettings, name: str, path: Path, *, largest: int) -> None:
    """Download a file of the folder `download`, readable by its owner only.

    Raises:
        AcousticError: no connection, no such file, or more than `largest` bytes.
    """
    path.touch(mode=0o600)

    async def act(sftp: asyncssh.SFTPClient) -> None:
        size = await _size(sftp, f"{DOWNLOAD}/{name}")
        if size is None:
            raise Malformed(f"Acoustic Campaign tells of the file '{name}', which is not in its folder {DOWNLOAD}; try later.")
        if size > largest:
            raise Malformed(f"The file '{name}' of Acoustic Campaign has {size:,} bytes, and at most {largest:,} are taken; export less.")
        await sftp.get(f"{DOWNLOAD}/{name}", str(path))

    _session(settings, act)


def remove(settings: AcousticSettings, *paths: str) -> None:
    """Delete files, as far as they are there; paths begin with the folder."""

    async def act(sftp: asyncssh.SFTPClient) -> None:
        for path in paths:
            if await _size(sftp, path) is not None:
                await sftp.remove(path)

    _session(settings, act)


def sign_in(settings: AcousticSettings) -> None:
    """See whether the server can be reached and takes the password."""

    async def act(sftp: asyncssh.SFTPClient) -> None:
        await sftp.stat(UPLOAD)

    _session(settings, act)


async def _put(sftp: asyncssh.SFTPClient, name: str, path: Path, wanted: int) -> None:
    there = await _size(sftp, name)
    if there == wanted:
        return
    if there is not None:
        raise Malformed(f"'{name}' is on Acoustic Campaign's server already, with {there:,} bytes instead of {wanted:,}; delete it there.")
    part = f"{name}.part"
    await sftp.put(str(path), part)
    if (found := await _size(sftp, part)) != wanted:
        raise Malformed(f"'{part}' has {found or 0:,} bytes on Acoustic Campaign's server instead of {wanted:,}; try again.")
    await sftp.rename(part, name)


async def _size(sftp: asyncssh.SFTPClient, name: str) -> int | None:
    try:
        return (await sftp.stat(name)).size
    except asyncssh.SFTPNoSuchFile:
        return None


def _session(settings: AcousticSettings, act: Callable[[asyncssh.SFTPClient], Awaitable[T]]) -> T:
    """One connection. It runs in a thread, because a notebook has a loop of its own already."""
    where = f"{settings.sftp_host}:{settings.sftp_port}"

    async def connected() -> T:
        options: dict[str, Any] = {
            "username": settings.sftp_user,
            "password": settings.sftp_password(),
            "known_hosts": asyncssh.import_known_hosts(_known_host(settings)),
            "client_keys": None,
            "agent_path": None,
            "config": None,
            "connect_timeout": settings.reply_timeout,
            "login_timeout": settings.reply_timeout,
        }
        connection = asyncssh.connect(settings.sftp_host, settings.sftp_port, **options)
        async with connection as opened, opened.start_sftp_client() as sftp:
            return await act(sftp)

    try:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, asyncio.wait_for(connected(), LONGEST)).result()
    except AcousticError:
        raise
    except asyncssh.HostKeyNotVerifiable as error:
        raise AuthLost(f"The SFTP server {where} shows another key than sftp_host_key; do not go on before you know why.") from error
    except asyncssh.PermissionDenied as error:
        raise AuthLost(f"The SFTP server {where} refuses the sign-in; check sftp_user and the password of the channel.") from error
    except (OSError, TimeoutError, asyncssh.Error) as error:
        told = (
            f"The SFTP server {where} cannot be reached or broke off ({type(error).__name__}); check sftp_host and sftp_port, or try later."
        )
        raise Throttled(told) from error


def _known_host(settings: AcousticSettings) -> str:
    host = settings.sftp_host if settings.sftp_port == 22 else f"[{settings.sftp_host}]:{settings.sftp_port}"
    return f"{host} {settings.sftp_host_key}\n"
