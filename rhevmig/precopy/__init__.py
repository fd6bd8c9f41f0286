"""How long copying a running memory takes and how long the pause is: numbers in, numbers out.

`predict` answers before a migration, `rounds` steps one through time, `schedules` holds the engine's
convergence schedules, `bandwidth` the engine's bandwidth arithmetic. Imports nothing but the words.
"""

from rhevmig.precopy.prediction import Band, Prediction, predict

__all__ = ["Band", "Prediction", "predict"]
