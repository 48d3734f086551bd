"""`netlift serve`: the console on this machine."""

from __future__ import annotations

import socket
import warnings
from collections.abc import Callable
from urllib.parse import urlsplit

from netlift.errors import InputError, Refused
from netlift.settings import environment, this_machine


def serve(*, host: str = "127.0.0.1", port: int = 8000, exposed: bool = False, ready: Callable[[str], None] = lambda _url: None) -> None:
    """Serve the console of the open store until Ctrl+C.

    Args:
        host: the address to listen on.
        port: 0 = any free one.
        exposed: listen also where other machines can connect; passwords then travel in clear, so put a server that
            speaks HTTPS in front.
        ready: told the address once it is listened on.

    Raises:
        Refused: the host can be reached from other machines and `exposed` is not set.
        InputError: the address cannot be listened on.
    """
    if not exposed and not this_machine(host):
        raise Refused(
            f"The console would be open to other machines on '{host}' without HTTPS; use 127.0.0.1 and put an HTTPS server in front."
        )
    with _listen(host, port) as listener:
        ready(f"http://{host}:{listener.getsockname()[1]}/")
        _run(listener, host)


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise InputError(f"{port} is no port; choose a number from 1 to 65535, or 0 for any free one.")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise InputError(f"The console cannot listen on {host}:{port} ({error}); choose another port with --port.") from error


def _run(listener: socket.socket, host: str) -> None:
    import uvicorn  # noqa: PLC0415 -- only who serves needs these
    from django.conf import settings  # noqa: PLC0415
    from django.core.asgi import get_asgi_application  # noqa: PLC0415

    from netlift.store import open_store, store_folder  # noqa: PLC0415

    open_store(store_folder())
    public = urlsplit(environment().public_url or "").hostname  # an HTTPS server in front passes its own name on
    settings.ALLOWED_HOSTS = list(dict.fromkeys([*settings.ALLOWED_HOSTS, host, *filter(None, [public])]))
    # WhiteNoise reads files in small pieces, which Django remarks on; they are few and small.
    warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
    config = uvicorn.Config(get_asgi_application(), lifespan="off", log_level="warning", server_header=False)
    uvicorn.Server(config).run(sockets=[listener])
