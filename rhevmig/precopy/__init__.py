"""How long copying a running memory takes and how long the pause is: numbers in, numbers out.

`predict` answers before a migration, `rounds` steps one through time, `schedules` holds the engine's
policies, `bandwidth` the engine's arithmetic. The room imports nothing but the words.
"""

from rhevmig.precopy.prediction import Band, Prediction, predict
from rhevmig.precopy.working_set import DirtySample

__all__ = ["Band", "DirtySample", "Prediction", "predict"]
