"""What campaigns earned: lift with its interval, the naive figure beside it, and which one to believe."""

from netlift.measurement.estimators import ESTIMATORS
from netlift.measurement.measure import measure
from netlift.measurement.run import measure_run, run_sentence

__all__ = ["ESTIMATORS", "measure", "measure_run", "run_sentence"]
