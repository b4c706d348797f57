"""What people bring from other query languages, and what to write here: data, no behaviour."""

from __future__ import annotations

STATEMENTS: dict[str, str] = {
    **dict.fromkeys(
        ("INSERT", "UPDATE", "REPLACE", "MERGE", "COPY", "LOAD"),
        "the language only reads; bring data with: usql import",
    ),
    **dict.fromkeys(
        ("DELETE", "DROP", "CREATE", "ALTER", "TRUNCATE", "GRANT"), "the language only reads"
    ),
    "WITH": "there are no subqueries; write one SELECT",
    "EXPLAIN": "the stations of a query are shown by: usql explain STORE QUERY",
    **dict.fromkeys(
        ("SHOW", "DESCRIBE", "DESC", "USE"), "tables and fields are listed by: usql fields"
    ),
    "FETCH": "write SELECT * FROM usersession",
    "FUNNEL": "write SELECT FUNNEL(…) FROM usersession",
}
"""First words of texts that are no queries."""

CLAUSE_WORDS: dict[str, str] = {
    "JOIN": "there are no joins",
    **dict.fromkeys(("INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS"), "there are no joins"),
    **dict.fromkeys(("NATURAL", "ON", "USING"), "there are no joins"),
    "DIV": "there is no DIV",
    "UNION": "there is no UNION",
    "INTERSECT": "there is no INTERSECT",
    "EXCEPT": "there is no EXCEPT",
    "MINUS": "there is no MINUS",
    "OVER": "there are no window functions",
    "PARTITION": "there are no window functions",
    "WINDOW": "there are no window functions",
    "FETCH": "there is no FETCH",
    "QUALIFY": "there is no QUALIFY",
    "NULLS": "there is no NULLS FIRST or NULLS LAST",
    "COLLATE": "there is no COLLATE",
    "ESCAPE": "there is no ESCAPE",
    "INTO": "there is no INTO",
    "ROWS": "there is no ROWS",
    "SAMPLE": "there is no SAMPLE",
}  # fmt: skip
"""Words that begin a part of a query elsewhere, and what is wrong with them here."""

CLAUSE_HINTS: dict[str, str] = {
    "DIV": "write /; between whole numbers it rounds",
    "UNION": "join conditions with OR, or run two queries",
    "INTERSECT": "join conditions with AND",
    "EXCEPT": "exclude with AND NOT",
    "MINUS": "exclude with AND NOT",
    "OVER": "TOP(field, n) ranks values",
    "PARTITION": "TOP(field, n) ranks values",
    "WINDOW": "TOP(field, n) ranks values",
    "FETCH": "write LIMIT and a number",
    "QUALIFY": "write FILTER after the aggregate",
    "NULLS": "nulls always come last; leave it out",
    "ESCAPE": "a backslash takes the meaning from the sign after it",
    "COLLATE": "texts compare by code point; leave it out",
    "INTO": "results go to standard output; leave it out",
    "ROWS": "write LIMIT and a number",
    "SAMPLE": "every result is exact; leave it out",
}

SIGNS: dict[str, str] = {
    "==": "=",
    "===": "=",
    "<=>": "=",
    ":=": "=",
    "!==": "!=",
    "=!": "!=",
    "><": "!=",
    "=>": ">=",
    "=<": "<=",
    "&&": "AND",
    "&": "AND",
    "||": "OR",
    "|": "OR",
}
"""Signs of other languages -> what to write."""

TEXT_SIGNS = ("~", "=~", "~=", "!~", "~~")
"""Signs that match patterns elsewhere."""

TEXT_WORDS: dict[str, str] = {
    "CONTAINS": "LIKE '%{}%'",
    "CONTAIN": "LIKE '%{}%'",
    "INCLUDES": "LIKE '%{}%'",
    "HAS": "LIKE '%{}%'",
    "MATCH": "LIKE '%{}%'",
    "ENDSWITH": "LIKE '%{}'",
    "ENDS_WITH": "LIKE '%{}'",
    "ENDS": "LIKE '%{}'",
    "STARTS": "STARTSWITH '{}'",
    "STARTS_WITH": "STARTSWITH '{}'",
    "BEGINSWITH": "STARTSWITH '{}'",
    "BEGINS": "STARTSWITH '{}'",
    "ILIKE": "LIKE '{}'",
    "RLIKE": "LIKE '%…%'",
    "REGEXP": "LIKE '%…%'",
    "GLOB": "LIKE '{}'",
    "SIMILAR": "LIKE '%…%'",
    "EQUALS": "= '{}'",
    "EQUAL": "= '{}'",
    "EQ": "= '{}'",
}
"""Words that compare texts elsewhere -> what to write, with the text in place of ``{}``."""

NO_WORDS: dict[str, str] = {
    "EMPTY": "IS NULL",
    "BLANK": "IS NULL",
    "UNDEFINED": "IS NULL",
    "NONE": "IS NULL",
    "NIL": "IS NULL",
    "MISSING": "IS NULL",
    "UNKNOWN": "IS NULL",
}
"""Words for no value."""

MOMENTS: dict[str, str] = {
    **dict.fromkeys(
        ("NOW", "GETDATE", "SYSDATE", "CURRENT_TIMESTAMP", "LOCALTIME", "UNIX_TIMESTAMP"), "$NOW"
    ),
    **dict.fromkeys(
        ("TODAY", "CURDATE", "CURRENT_DATE", "YESTERDAY"), "a timeframe, or '2024-03-01'"
    ),
    **dict.fromkeys(
        ("DATE", "TO_DATE", "TIMESTAMP", "TO_TIMESTAMP", "DATETIME", "PARSEDATETIME"),
        "the date as a text, such as '2024-03-01'",
    ),
    **dict.fromkeys(
        ("INTERVAL", "DATEADD", "DATE_ADD", "DATE_SUB", "DATEDIFF", "TIMESTAMPADD"),
        "a moment and a duration, such as $NOW - DURATION('7d')",
    ),
    "DURATION": "a moment and a duration in quotes, such as $NOW - DURATION('7d')",
}
"""Names of moments elsewhere -> what stands for them on the right of a comparison."""

UNIT_MS: dict[str, int] = {
    "ms": 1,
    "s": 1_000,
    "sec": 1_000,
    "m": 60_000,
    "min": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
}
"""Units people write after a number -> milliseconds, in which the fields count."""

AGGREGATES = (
    "MIN",
    "MAX",
    "AVG",
    "SUM",
    "MEDIAN",
    "PERCENTILE",
    "COUNT",
    "CONDITION",
    "TOP",
    "APDEX",
)
DATE_FUNCTIONS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "DATETIME")
CASE_FUNCTIONS = ("LOWER", "UPPER", "LCASE", "UCASE", "TOLOWER", "TOUPPER")

FUNCTIONS: dict[str, str] = {
    **dict.fromkeys(("AVERAGE", "MEAN"), "write AVG({})"),
    **dict.fromkeys(("MINIMUM", "FIRST", "EARLIEST", "LEAST"), "write MIN({})"),
    **dict.fromkeys(("MAXIMUM", "LAST", "LATEST", "GREATEST"), "write MAX({})"),
    "TOTAL": "write SUM({})",
    **dict.fromkeys(
        ("UNIQ", "UNIQUE", "NUNIQUE", "COUNT_DISTINCT", "COUNTDISTINCT", "APPROX_COUNT_DISTINCT"),
        "write COUNT(DISTINCT {})",
    ),
    **dict.fromkeys(
        ("QUANTILE", "PERCENTILE_CONT", "PERCENTILE_DISC", "PCTL"), "write PERCENTILE({}, 95)"
    ),
    **dict.fromkeys(("MODE", "GROUP_CONCAT", "STRING_AGG", "ARRAY_AGG"), "write TOP({}, 5)"),
    **dict.fromkeys(
        ("COUNTIF", "COUNT_IF", "SUMIF", "IF", "IIF", "IFF"),
        "write CONDITION(COUNT(*), WHERE bounce = true), with your condition after WHERE",
    ),
    **dict.fromkeys(
        (*CASE_FUNCTIONS, "TRIM", "LTRIM", "RTRIM", "SUBSTRING", "SUBSTR", "REPLACE", "CONCAT"),
        "texts come out as they are stored; select {}",
    ),
    **dict.fromkeys(
        ("COALESCE", "IFNULL", "NVL", "ISNULL", "NULLIF"),
        "nulls come out as they are; leave them out with WHERE {} IS NOT NULL",
    ),
    **dict.fromkeys(
        ("ROUND", "FLOOR", "CEIL", "CEILING", "ABS", "CAST", "CONVERT", "TRY_CAST", "INT"),
        "numbers come out as they are; select {}",
    ),
    **dict.fromkeys(
        ("DATE_TRUNC", "TRUNC", "DATE", "TO_DATE", "BIN"), "write DATETIME({}, 'yyyy-MM-dd', 'day')"
    ),
    **dict.fromkeys(
        ("DATE_FORMAT", "TO_CHAR", "STRFTIME", "FORMAT", "FORMATDATETIME"),
        "write DATETIME({}, 'yyyy-MM-dd HH:mm')",
    ),
    "WEEK": "write DATETIME({}, 'yyyy-MM-dd', 'week')",
    "QUARTER": "write DATETIME({}, 'yyyy-MM', 'quarter')",
    **dict.fromkeys(
        ("WEEKDAY", "DAYOFWEEK", "DAYNAME", "DOW"), "write DATETIME({}, 'EEEE'), or 'e' for 1 to 7"
    ),
    "MONTHNAME": "write DATETIME({}, 'MMMM')",
    "SECOND": "write DATETIME({}, 'ss')",
    **dict.fromkeys(("DAYOFMONTH",), "write DAY({})"),
    **dict.fromkeys(("NOW", "GETDATE"), "$NOW stands on the right of a comparison"),
    **dict.fromkeys(
        ("ROW_NUMBER", "RANK", "DENSE_RANK", "NTILE", "LAG", "LEAD"),
        "there are no window functions; TOP(field, n) ranks values",
    ),
    **dict.fromkeys(
        ("STDDEV", "STDEV", "VARIANCE", "VAR"), "write PERCENTILE({}, 95), which shows the spread"
    ),
    "FUNNEL": "a FUNNEL stands alone, right after SELECT",
    "FILTER": "write FILTER after the aggregate: COUNT(*) FILTER > 5",
    "DISTINCT": "write SELECT DISTINCT {}, or COUNT(DISTINCT {})",
    "LIMIT": "write LIMIT and a number at the end",
}
"""Functions of other languages -> a hint, with the first argument in place of ``{}``."""

NAMES: dict[str, str] = {
    "ALL": "name the columns to group by; without GROUP BY, every plain column is a group",
    "ROWNUM": "write LIMIT and a number at the end",
    **dict.fromkeys(("CURRENT_TIMESTAMP", "CURRENT_DATE", "SYSDATE", "NOW"),
                    "$NOW stands on the right of a comparison"),
    "TIMESTAMP": "write startTime",
    "TIME": "write startTime",
    "DATE": "write startTime, or DATETIME(startTime, 'yyyy-MM-dd')",
    "SESSIONID": "write userSessionId",
    "BROWSER": "write browserFamily",
    "OS": "write osFamily",
    "USER": "write userId",
    "USERNAME": "write userId",
}  # fmt: skip
"""Names that are no fields here -> a hint."""
