"""Run by `survey_sav` as a program of its own: `python survey_sav_reader.py FILE BYTES` writes an SPSS file as Arrow to standard output.

readstat is C, and some damaged files end the process that reads them, or fill its memory; so no other process reads them. It imports
nothing of netlift, to start quickly. Each Arrow stream holds some rows, and the first one's schema has the labels.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyreadstat

CELLS = 2_000_000  # in one stream
REFUSED = 3  # exit code; the reason is the line on standard error


def write(path: Path, out: BinaryIO) -> None:
    """All rows of the file, stream after stream; at least one."""
    offset = 0
    limit = 1
    while True:
        data, meta = pyreadstat.read_sav(path, output_format="dict", row_offset=offset, row_limit=limit)
        arrays = [pa.array(values, from_pandas=True) for values in data.values()]
        labels = {"values": {c: list(found.items()) for c, found in meta.variable_value_labels.items()}, "measures": meta.variable_measure}
        batch = pa.RecordBatch.from_arrays(arrays, names=list(data))
        schema = batch.schema if offset else batch.schema.with_metadata({"labels": json.dumps(labels)})
        with pa.ipc.new_stream(out, schema) as stream:
            stream.write_batch(batch.replace_schema_metadata(schema.metadata))
        if batch.num_rows < limit:
            return
        offset += limit
        limit = max(1, CELLS // batch.num_columns)


def main(file: str, memory: str) -> None:
    """Write the file within so many bytes of memory, or say why not."""
    resource.setrlimit(resource.RLIMIT_DATA, (int(memory), int(memory)))
    try:
        write(Path(file), sys.stdout.buffer)
    except MemoryError:
        reason = "Unable to allocate memory"
    except (pyreadstat.ReadstatError, UnicodeDecodeError, OverflowError) as error:
        reason = str(error).splitlines()[0]
    else:
        return
    sys.stderr.write(reason)
    sys.exit(REFUSED)


if __name__ == "__main__":
    main(*sys.argv[1:])
