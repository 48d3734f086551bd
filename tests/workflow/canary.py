"""A shop with one customer who can be recognised everywhere: the canary. Searched for in every file, packed ones unpacked."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq

from tests import shop

ID, EMAIL, PHONE, NAME = "canary-0777", "tweety.canary@example.com", "+1 212 555 0177", "Tweety Kanarienvogel"
NEEDLES = (ID, EMAIL, PHONE, NAME, "Tweety.Canary", "2125550177")


def write(folder: Path, *, port: int = 2525) -> Path:
    """The shop, and the canary: buys often, answered a campaign, agreed to e-mail, and stands in a refused row."""
    config = shop.write(folder, port=port)
    sales = [f"{ID},2026-0{1 + day // 28}-{1 + day % 28:02d}T10:00:00,35.{day:02d}" for day in range(0, 110, 4)]
    _append(folder / "sales.csv", [*sales, f"{ID},2026-01-05T10:00:00,{EMAIL}"])
    _append(folder / "contacted.csv", [f"c1,{ID}", f"c2,{ID}"])
    _append(folder / "responses.csv", [f"c1,{ID},2026-02-02"])
    contacts = (folder / "contacts.csv").read_text(encoding="utf-8").splitlines()
    rows = ["customer_id,email,name,country,phone", *(f"{row}," for row in contacts[1:]), f"{ID},{EMAIL},{NAME},US,{PHONE}"]
    (folder / "contacts.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    given = (folder / "consents.csv").read_text(encoding="utf-8").splitlines()[1].split(",", 1)[1]  # like everybody's
    _append(folder / "consents.csv", [f"{ID},{given}"])
    return config


def _append(path: Path, rows: Iterable[str]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{row}\n" for row in rows)


def found(*folders: Path, needles: Iterable[str] = NEEDLES) -> list[tuple[str, str]]:
    """File and needle, for each that holds one, in whatever case."""
    wanted = [needle.lower().encode() for needle in needles]
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    return [(path.name, needle.decode()) for path in files for needle in wanted if needle in _bytes(path).lower()]


def _bytes(path: Path) -> bytes:
    raw = path.read_bytes()
    if path.suffix == ".parquet":
        return raw + repr(pq.read_table(path).to_pylist()).encode()
    if path.suffix == ".gz":
        return raw + gzip.decompress(raw)
    if path.suffix == ".npz":  # texts are arrays of four bytes a character
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            return raw + b"".join(packed.read(name).replace(b"\0", b"") for name in packed.namelist())
    return raw
