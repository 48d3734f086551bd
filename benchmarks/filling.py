"""Peak memory and time of making the ledger's rows from an approved audience, for 10,000, 100,000 and 1,000,000 people.

The filling runs in a process of its own; the store and the audience are made in another one before.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

from cryptography.fernet import Fernet

from benchmarks.measured import measured

SIZES = (10_000, 100_000, 1_000_000)

MADE = """
import sys
from itertools import islice
from pathlib import Path
import numpy as np
from tests.workflow import plans
from netlift.store import consents, vault
from netlift.store.models import Run
from netlift.workflow import outputs
from netlift.workflow.approval import audience_hash
count, folder = int(sys.argv[1]), Path(sys.argv[2])
plans.opened(folder / "store")
run_id = plans.approved(folder / "run")
run = Run.objects.get(pk=run_id)
ids = plans.texts([f"c{i:07d}" for i in range(count)])
same = lambda text: plans.texts([text] * count)
audience = plans.Audience(ids, np.ones(count, dtype=np.int64), same("Wine"), same("email"), same("treated"), np.zeros(count), same(None))
outputs.write_audience(audience, Path(run.folder) / "audience.parquet")
content = {**run.content, "audience": {**run.content["audience"], "sha256": audience_hash(audience)}}
Run.objects.filter(pk=run_id).update(content=content)
vault.put({"customer_id": c, "email": f"{c}@shop{i % 100}.example", "name": "Ann", "country": "US"} for i, c in enumerate(ids))
consents.fill({"customer_id": c, "channel": "email", "status": "given", **plans.AGREED} for c in ids)
"""
FILLED = """
import os, sys, time
from pathlib import Path
from netlift.store import ledger, open_store
from django.db import transaction
count, folder = int(sys.argv[1]), Path(sys.argv[2])
open_store(folder / "store")
from netlift.store.models import Run
from netlift.workflow import filling
run = Run.objects.get()
began = time.process_time()
with transaction.atomic():
    ledger.fill(run.pk, filling.rows(run, filling.Filled()))
assert ledger.counts(run.pk) == {"ready": count}
print(time.process_time() - began)
"""


def run(*, sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """CPU seconds and peak memory by number of people."""
    os.environ["NETLIFT_VAULT_KEY"] = Fernet.generate_key().decode()
    told = {}
    for people in sizes:
        with tempfile.TemporaryDirectory() as folder:
            measured(MADE, str(people), folder)
            one = measured(FILLED, str(people), folder)
        told[str(people)] = {"peak_mb": round(one["peak_gb"] * 1024), "cpu_seconds": one["own_cpu_seconds"]}
        print(people, told[str(people)], flush=True)
    return told
