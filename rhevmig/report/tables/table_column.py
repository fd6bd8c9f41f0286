"""What a column is: its name with the unit, its type, its heading and meaning, how to compute it.

The columns of an entity are listed once (`clusters`, `hosts`, `vms`, `networks`, `storage`). A DataFrame
has all of them; a table of the report picks those that it shows and adds its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

from rhevmig.report.document import Cell, CellValue, Column, Table
from rhevmig.report.tables.cells import count, instant, size, speed, status, yes_no

R = TypeVar("R")


class ColumnType(msgspec.Struct, frozen=True):
    """How values of a column are kept in a DataFrame and shown in a report."""

    #: Type in pandas; it distinguishes a missing value from zero, false and the empty text.
    dtype: str
    #: The cell of an observed value.
    show: Callable[[Any], CellValue]
    is_figure: bool = False
    is_id: bool = False


def _text(value: Any) -> CellValue:
    return str(value)


TEXT: Final = ColumnType("string", _text)
#: A status of the engine, shown with its tone.
STATUS: Final = ColumnType("string", status)
ID: Final = ColumnType("string", _text, is_id=True)
COUNT: Final = ColumnType("Int64", count, is_figure=True)
#: A number that is not grouped: VLAN tag, MTU, port.
NUMBER: Final = ColumnType("Int64", _text, is_figure=True)
DECIMAL: Final = ColumnType("Float64", count, is_figure=True)
BYTES: Final = ColumnType("Int64", size, is_figure=True)
BITS_PER_SECOND: Final = ColumnType("Int64", speed, is_figure=True)
BOOLEAN: Final = ColumnType("boolean", yes_no)
TIME: Final = ColumnType("datetime64[ns, UTC]", instant)


class TableColumn(msgspec.Struct, Generic[R], frozen=True):
    """A column of a table whose rows are objects of one type."""

    #: Name, with the unit where there is one; the key of the column in a DataFrame.
    name: str
    type: ColumnType
    #: Value of a row; None where it was not observed.
    value: Callable[[R], Any]
    #: Heading in the report.
    heading: str = ""
    #: What it means; empty for a column that only the report shows.
    meaning: str = ""
    #: Key of the column in the report; empty where it is the name.
    key: str = ""

    def cell(self, row: R) -> CellValue:
        """The value as the report shows it."""
        value = self.value(row)
        return value if value is None or isinstance(value, Cell) else self.type.show(value)

    def in_document(self) -> Column:
        """The column as the document has it."""
        return Column(
            name=self.key or self.name,
            title=self.heading,
            is_figure=self.type.is_figure,
            is_id=self.type.is_id,
        )


def text(name: str, heading: str, value: Callable[[R], CellValue]) -> TableColumn[R]:
    """A column of the report with text."""
    return TableColumn(name, TEXT, value, heading)


def figure(name: str, heading: str, value: Callable[[R], str | Cell | float | None]) -> TableColumn[R]:
    """A column of the report with figures; numbers are shown with spaces between thousands."""
    return TableColumn(name, _FIGURE, value, heading)


def engine_id(name: str, heading: str, value: Callable[[R], CellValue]) -> TableColumn[R]:
    """A column of the report with ids, which are set small."""
    return TableColumn(name, ID, value, heading)


def _figure(value: str | float) -> CellValue:
    return value if isinstance(value, str) else count(value)


_FIGURE: Final = ColumnType("string", _figure, is_figure=True)


def take(
    columns: Sequence[TableColumn[R]],
    name: str,
    key: str = "",
    *,
    heading: str = "",
    value: Callable[[R], CellValue] | None = None,
) -> TableColumn[R]:
    """The column of this name for a report table, under the table's key.

    Args: heading (another one than the column's); value (the cell itself instead of the plain value).
    """
    found = next(column for column in columns if column.name == name)
    shown = msgspec.structs.replace(found, key=key, heading=heading or found.heading)
    if value is None:
        return shown
    as_cell = msgspec.structs.replace(found.type, show=_text)
    return msgspec.structs.replace(shown, value=value, type=as_cell)


def table_of(
    id: str, caption: str, rows: Iterable[R], columns: Sequence[TableColumn[R]], **options: Any
) -> Table:
    """A table of the report: one row per object.

    Args: options (fields of `Table`: `empty`, `open_rows`, `pointer`).
    """
    return Table(
        id=id,
        caption=caption,
        columns=tuple(column.in_document() for column in columns),
        rows=tuple(tuple(column.cell(row) for column in columns) for row in rows),
        **options,
    )


def total(values: Iterable[int | None]) -> int | None:
    """A sum; None as soon as one part of it was not observed.

    >>> total([1, 2]), total([1, None])
    (3, None)
    """
    found = list(values)
    known = [value for value in found if value is not None]
    return sum(known) if len(known) == len(found) else None
