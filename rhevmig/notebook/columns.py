"""What a column of a frame is: its name with the unit, its type that knows missing values, its meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import msgspec
import pandas as pd

#: Types of pandas that keep what is missing apart from zero, false and the empty text.
TEXT, INTEGER, FLOAT, BOOLEAN = "string", "Int64", "Float64", "boolean"
TIME = "datetime64[ns, UTC]"

R = TypeVar("R")


class Column(msgspec.Struct, Generic[R], frozen=True):
    """A column: how to get its value from a row's object, and what it means."""

    #: Name, with the unit where there is one.
    name: str
    #: Type.
    dtype: str
    #: What it means.
    meaning: str
    #: Value of a row; None stays missing.
    value: Callable[[R], Any]


def frame_of(columns: tuple[Column[R], ...], rows: Iterable[R]) -> pd.DataFrame:
    """A frame with a row an object; `frame.attrs["columns"]` tells what each column means."""
    objects = list(rows)
    made = {
        column.name: pd.Series([column.value(item) for item in objects], dtype=column.dtype)
        for column in columns
    }
    frame = pd.DataFrame(made, columns=[column.name for column in columns])
    frame.attrs["columns"] = {column.name: column.meaning for column in columns}
    return frame
