"""The answer to a query: columns, rows and what the engine had to say about them.

What arrives: typed columns and rows of Python's own values, from a backend. What leaves: the same
in the shapes that applications, files and notebooks want. Nothing here computes or cuts. Importing
this module is cheap: what makes text is imported when text is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

from usql.record import Record

Value = Any
"""``None``, ``int``, ``float``, ``bool``, ``str``, a list of them, or a ``dict`` of properties."""


class Column(Record):
    """A column of a result.

    Attributes:
        name: its label: the alias, or the canonical text of the expression.
        type: ``string``, ``enum``, ``long``, ``double``, ``boolean``, ``date`` (ms since
            1970-01-01T00:00Z), ``ip``, ``properties``, ``json``; with ``[]`` appended for a list.
    """

    name: str
    type: str
    unit: str = ""

    @property
    def numeric(self) -> bool:
        """Whether values are plain numbers, shown to the right."""
        return self.type in ("long", "double")


@dataclass(frozen=True)
class Result:
    """The answer to a query.

    Attributes:
        columns: the columns, in the order they were asked for; names may repeat.
        rows: a list of tuples, one value per column.
        explanations: what the engine assumed or cut, as sentences.
        sql: the SQL that ran.
        elapsed: how long it took from text to rows, in ms.
        keys: the positions of the columns that are grouping keys.
        truncated: whether rows were cut by a limit the query does not name.
        funnel: whether the columns are the steps of a funnel.

    >>> r = Result((Column("city", "string"), Column("count(*)", "long")), [("Linz", 12)])
    >>> len(r), list(r)
    (1, [('Linz', 12)])
    >>> print(r)
    city │ count(*)
    ─────┼─────────
    Linz │       12
    """

    columns: tuple[Column, ...]
    rows: list[tuple[Value, ...]]
    explanations: list[str] = field(default_factory=list)
    sql: str = ""
    elapsed: float = 0.0
    keys: tuple[int, ...] = ()
    truncated: bool = False
    funnel: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[Value, ...]]:
        return iter(self.rows)

    def __str__(self) -> str:
        """Return a text table, nothing cut."""
        return self._text("table").rstrip("\n")

    def distinct_names(self) -> tuple[str, ...]:
        """Return a name for each column, none twice: repeated labels get `` (2)``, `` (3)``, ….

        The first column of a label keeps it, also if that looks like a numbered one.

        >>> names = ("a", "a", "a (2)", "a")
        >>> Result(tuple(Column(name, "long") for name in names), []).distinct_names()
        ('a', 'a (3)', 'a (2)', 'a (4)')
        """
        taken = {column.name for column in self.columns}
        seen: set[str] = set()
        names = []
        for column in self.columns:
            name, number = column.name, 1
            if name in seen:
                while name in taken:
                    number += 1
                    name = f"{column.name} ({number})"
            seen.add(column.name)
            taken.add(name)
            names.append(name)
        return tuple(names)

    def to_dicts(self) -> list[dict[str, Value]]:
        """Return a dictionary per row; repeated labels get `` (2)``, `` (3)``, ….

        >>> columns = (Column("city", "string"), Column("city", "string"))
        >>> Result(columns, [("Linz", "Linz")]).to_dicts()
        [{'city': 'Linz', 'city (2)': 'Linz'}]
        """
        names = self.distinct_names()
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    def to_table(self) -> dict[str, Any]:
        """Return the shape of the HTTP interface's ``table``, ready to be written as JSON.

        The null group is the string ``"null"``, any other null ``None``; properties are lists of
        ``{"key": …, "value": …}``.

        >>> columns = (Column("city", "string"), Column("max(duration)", "long"))
        >>> Result(columns, [("Linz", 9), (None, None)], keys=(0,)).to_table()["values"]
        [['Linz', 9], ['null', None]]
        """
        return {
            "extrapolationLevel": 1,
            "columnNames": [column.name for column in self.columns],
            "values": [self._plain_row(row) for row in self.rows],
        }

    def to_tree(self) -> dict[str, Any]:
        """Return the shape of the HTTP interface's ``tree``, ready to be written as JSON.

        Grouping keys are nested objects, named by their values as text; under the last key stand
        the values of the other columns, in the order of ``leafNames``. Without keys ``values`` is
        the list of rows.

        Rows may share all their selected keys, if others are not selected or the text ``null``
        meets the null group. Then their leaves follow one another under the same key, row after
        row: a list of ``n * len(leafNames)`` values is ``n`` rows. If there are no leaves, such
        rows are equal and one remains.

        >>> columns = (Column("country", "string"), Column("city", "string"), Column("n", "long"))
        >>> rows = [("Austria", "Linz", 9), ("Austria", None, 2), ("Spain", "Vigo", 4)]
        >>> Result(columns, rows, keys=(0, 1)).to_tree()["values"]
        {'Austria': {'Linz': [9], 'null': [2]}, 'Spain': {'Vigo': [4]}}
        >>> Result(columns[1:], [row[1:] for row in rows], keys=()).to_tree()["values"]
        [['Linz', 9], [None, 2], ['Vigo', 4]]
        >>> Result((columns[0], columns[2]), [("Austria", 9), ("Austria", 2)], keys=(0,)).to_tree()
        ... # doctest: +NORMALIZE_WHITESPACE
        {'extrapolationLevel': 1, 'branchNames': ['country'], 'leafNames': ['n'],
         'values': {'Austria': [9, 2]}}
        """
        leaves = [index for index in range(len(self.columns)) if index not in self.keys]
        rows = [self._plain_row(row) for row in self.rows]
        return {
            "extrapolationLevel": 1,
            "branchNames": [self.columns[index].name for index in self.keys],
            "leafNames": [self.columns[index].name for index in leaves],
            "values": _nested(rows, self.keys, leaves) if self.keys else rows,
        }

    def to_csv(self) -> str:
        r"""Return comma-separated values with a header, lines ending in LF; null is an empty cell.

        >>> columns = (Column("city", "string"), Column("tags", "string[]"))
        >>> Result(columns, [("Linz, AT", ["a", "b"]), (None, [])]).to_csv()
        'city,tags\n"Linz, AT","[""a"",""b""]"\n,[]\n'
        """
        return self._text("csv")

    def to_json(self) -> str:
        """Return a JSON array with an object per row, as ``to_dicts`` makes them.

        >>> print(Result((Column("city", "string"),), [("Zürich",), (None,)]).to_json())
        [
          {"city":"Zürich"},
          {"city":null}
        ]
        """
        return self._text("json").rstrip("\n")

    def to_markdown(self) -> str:
        """Return a table in GitHub's Markdown.

        >>> columns = (Column("city", "string"), Column("sessions", "long"))
        >>> print(Result(columns, [("Linz", 12)]).to_markdown())
        | city | sessions |
        | --- | ---: |
        | Linz | 12 |
        """
        return self._text("markdown").rstrip("\n")

    def to_arrow(self) -> pyarrow.Table:
        """Return a ``pyarrow.Table``; repeated labels get `` (2)``, `` (3)``, ….

        Dates are timestamps in ms (UTC), lists are lists, properties are maps. A column of whole
        numbers with one beyond 64 bits is a column of doubles.

        Raises:
            MissingExtra: pyarrow is not installed (``pip install "usql-engine[arrow]"``).

        >>> columns = (Column("city", "string"), Column("startTime", "date"))
        >>> Result(columns, [("Linz", 0)]).to_arrow().to_pylist()[0]["startTime"].isoformat()
        '1970-01-01T00:00:00+00:00'
        """
        from usql.arrow import table_of

        return table_of(self)

    def to_pandas(self) -> pandas.DataFrame:
        """Return a pandas ``DataFrame``; nulls leave whole numbers and booleans what they are.

        Raises:
            MissingExtra: pandas or pyarrow is not installed (``usql-engine[pandas]``).

        >>> frame = Result((Column("n", "long"),), [(1,), (None,)]).to_pandas()
        >>> str(frame["n"].dtype), int(frame["n"].sum())
        ('Int64', 1)
        """
        from usql.arrow import frame_of

        return frame_of(self)

    def to_polars(self) -> polars.DataFrame:
        """Return a polars ``DataFrame``; properties are lists of structs of key and value.

        Raises:
            MissingExtra: polars or pyarrow is not installed (``usql-engine[polars]``).

        >>> Result((Column("n", "long"),), [(1,), (None,)]).to_polars()["n"].to_list()
        [1, None]
        """
        from usql.arrow import polars_frame_of

        return polars_frame_of(self)

    def _repr_html_(self) -> str:
        """Return the table that notebooks show: the first hundred rows and the explanations.

        >>> Result((Column("city", "string"),), [("<Linz>",)])._repr_html_()
        '<table><thead><tr><th>city</th></tr></thead><tbody><tr><td>&lt;Linz&gt;</td></tr></tbody></table>'
        """
        from usql.render.markup import notebook_html

        return notebook_html(self)

    def _text(self, format: str) -> str:
        from usql.render import render

        return "".join(render(self, format))

    def _plain_row(self, row: tuple[Value, ...]) -> list[Any]:
        plain = [_pairs(value) for value in row]
        for index in self.keys:
            if plain[index] is None:
                plain[index] = "null"
        return plain


def _pairs(value: Value) -> Any:
    """Return a value with every mapping of properties as a list of pairs."""
    match value:
        case dict():
            return [{"key": key, "value": _pairs(item)} for key, item in value.items()]
        case list() | tuple():
            return [_pairs(item) for item in value]
        case _:
            return value


def _nested(rows: list[list[Any]], keys: tuple[int, ...], leaves: list[int]) -> dict[str, Any]:
    """Return rows as objects in objects; rows with equal keys share one list of leaves."""
    root: dict[str, Any] = {}
    *branches, last = keys
    for row in rows:
        node = root
        for index in branches:
            node = node.setdefault(_key_text(row[index]), {})
        node.setdefault(_key_text(row[last]), []).extend(row[index] for index in leaves)
    return root


def _key_text(value: Any) -> str:
    """Return the name of a branch: text as it is, anything else as its JSON."""
    if isinstance(value, str):
        return value
    from usql.render.values import as_json

    return as_json(value)
