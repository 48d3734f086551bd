"""Starting the console."""

import socket
from pathlib import Path

import pytest

from netlift.console import serve
from netlift.errors import InputError, Refused


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com"])
def test_other_machines_are_refused_unless_told(host: str) -> None:
    """Passwords do not travel in clear by accident."""
    with pytest.raises(Refused, match="without HTTPS"):
        serve(host=host)


def test_a_taken_port_is_told(store: Path) -> None:
    """Not a traceback but the number and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=f"127.0.0.1:{port} .*choose another port with --port"):
            serve(port=port)


def test_an_impossible_port_is_told() -> None:
    """Also a number that is no port."""
    with pytest.raises(InputError, match="70000 is no port"):
        serve(port=70000)
