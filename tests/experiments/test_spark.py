"""Spark draws the arms that DuckDB and Python draw."""

from __future__ import annotations

import pyarrow as pa

from netlift.engine import Engine, SparkEngine
from netlift.experiments import UNIVERSAL, Drawn, draw, drawn_arms, planned
from netlift.settings import EngineSettings
from tests.experiments.test_draw import VECTORS, by_hand

IDS = sorted([*VECTORS, *(f"H{i}" for i in range(500)), "a:b", "客户", "O'Neil"], key=lambda i: i.encode())


def test_three_engines_draw_the_same_arms() -> None:
    """Draws of the experiment, of its layer and of the universal control are bit for bit equal, and so are the arms."""
    table = pa.table({"customer_id": pa.array(IDS[::-1], pa.string())})
    found = []
    with Engine() as duck, SparkEngine(EngineSettings(name="spark", master="local[2]")) as spark:
        for session in (duck, spark):
            session.register("customers", table)
            found.append([draw(session, salt="s1", experiment=name, of="customers") for name in ("exp42", UNIVERSAL, "layer mail")])
    python = [by_hand(IDS, f"s1:{name}:") for name in ("exp42", UNIVERSAL, "layer mail")]
    for draws in found:
        assert [d.tolist() for d in draws] == [d.tolist() for d in python]
        arm, reason = drawn_arms(Drawn(*draws), planned("exp42", {"a": 0.3, "b": 0.4}), universal=0.1, interval=(0.2, 0.9))
        expected = drawn_arms(Drawn(*python), planned("exp42", {"a": 0.3, "b": 0.4}), universal=0.1, interval=(0.2, 0.9))
        assert (arm.tolist(), reason.tolist()) == (expected[0].tolist(), expected[1].tolist())
