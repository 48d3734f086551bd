"""What campaigns earned: lift with its interval, the naive figure beside it, and which one to believe."""

from netlift.measurement.estimators import ESTIMATORS
from netlift.measurement.measure import measure

__all__ = ["ESTIMATORS", "measure"]
