"""netlift: from raw customer data to approved campaigns and measured sales.

In a notebook: `import netlift as nl`, then `nl.prepare("netlift.toml")`, `nl.measure("netlift.toml")`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "analyse",
    "assign",
    "close",
    "experiment_assign",
    "experiment_holdout",
    "experiment_power",
    "experiment_power_from",
    "experiment_replay",
    "launch",
    "measure",
    "prepare",
    "read_settings",
    "survey",
    "targets",
]

if TYPE_CHECKING:
    from netlift.settings import read as read_settings
    from netlift.workflow.analyse import analyse
    from netlift.workflow.assign import assign
    from netlift.workflow.close import close, measure
    from netlift.workflow.experiment_assign import experiment_assign
    from netlift.workflow.experiment_power import experiment_holdout, experiment_power, experiment_power_from
    from netlift.workflow.experiment_replay import experiment_replay
    from netlift.workflow.launch import launch
    from netlift.workflow.prepare import prepare
    from netlift.workflow.survey import survey
    from netlift.workflow.targets import targets

_HOMES = {
    "analyse": ("netlift.workflow.analyse", "analyse"),
    "assign": ("netlift.workflow.assign", "assign"),
    "close": ("netlift.workflow.close", "close"),
    "experiment_assign": ("netlift.workflow.experiment_assign", "experiment_assign"),
    "experiment_holdout": ("netlift.workflow.experiment_power", "experiment_holdout"),
    "experiment_power": ("netlift.workflow.experiment_power", "experiment_power"),
    "experiment_power_from": ("netlift.workflow.experiment_power", "experiment_power_from"),
    "experiment_replay": ("netlift.workflow.experiment_replay", "experiment_replay"),
    "launch": ("netlift.workflow.launch", "launch"),
    "measure": ("netlift.workflow.close", "measure"),
    "prepare": ("netlift.workflow.prepare", "prepare"),
    "read_settings": ("netlift.settings", "read"),
    "survey": ("netlift.workflow.survey", "survey"),
    "targets": ("netlift.workflow.targets", "targets"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the verb is
    """Load a verb when it is first used, so that importing netlift stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'netlift' has no attribute '{name}'")
    from importlib import import_module  # noqa: PLC0415

    module, verb = _HOMES[name]
    return getattr(import_module(module), verb)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
