"""Users' SQL expressions (`derive`, `where`, features): parsed, and held to what means the same on every engine.

sqlglot only parses. An expression passes when every node and every function is on the lists below; everything else is
refused by name. What runs afterwards is the user's own text, never text that a parser generated.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection
from unicodedata import category

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from netlift.errors import ExpressionError

MAX_LENGTH = 2_000  # characters
MAX_DEPTH = 50  # of the tree, and of brackets

# Words that sqlglot takes for a column and DuckDB or Spark does not.
RESERVED = frozenset(
    {
        *("all", "analyse", "array", "asc", "asymmetric", "both", "cast", "check", "collate", "column", "constraint", "default"),
        *("deferrable", "do", "end", "foreign", "group", "in", "initially", "lambda", "leading", "limit", "offset", "order"),
        *("pivot_longer", "placing", "primary", "references", "some", "symmetric", "table", "to", "trailing", "unique", "variadic"),
        "window",
    }
)

# The scalar functions that engine.py defines; a test holds this list to engine.FUNCTIONS.
NAMED = frozenset(
    {
        "seconds_between",
        "days_between",
        "iso_weekday",
        "hour_of",
        "month_start",
        "whole",
        "unit_hash",
        "bucket_of",
        "local_time",
        "is_email",
        "is_held_out",
        "is_phone",
    },
)
SCALAR = NAMED | {
    *("coalesce", "nullif", "greatest", "least", "if", "cast", "try_cast", "ln", "log2", "log10", "power", "abs", "round", "floor", "ceil"),
    *("substr", "length", "trim", "replace", "split_part", "md5", "year", "month", "day", "extract"),
}
AGGREGATES = frozenset(
    {
        *("sum", "avg", "min", "max", "count", "count_if", "any_value", "max_by", "bool_or", "mode", "median", "percentile_cont"),
        *("stddev_samp", "var_pop", "corr", "lag", "first_value"),
    },
)
WRITE_INSTEAD = {
    "log": "ln(x) or log10(x)",
    "log1p": "ln(1e0 + x)",
    "dayofweek": "iso_weekday(t)",
    "weekday": "iso_weekday(t)",
    "dow": "iso_weekday(t)",
    "hour": "hour_of(t)",
    "date_trunc": "month_start(t)",
    "concat": "a || b with coalesce",
    "arg_max": "max_by(x, y)",
    "datediff": "days_between(a, b)",
    "date_diff": "days_between(a, b)",
    "now": "a date in quotes, such as DATE '2017-10-01'",
    "substring": "substr(text, start, length)",
    "pow": "power(x, y)",
    "ceiling": "ceil(x)",
}
# Words that may stand before a bracket without being a function.
_KEYWORDS = frozenset(
    {
        *("and", "or", "not", "in", "is", "like", "ilike", "between", "case", "when", "then", "else"),
        *("distinct", "from", "interval", "filter", "where", "over", "within", "group", "by"),
    },
)
_OPERATORS = frozenset({"(", ",", "+", "-", "*", "/", "%", "||", "=", "==", "<>", "!=", "<", ">", "<=", ">="})
_ROW_NODES: tuple[type[exp.Expr], ...] = (
    *(exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Neg, exp.Not, exp.And, exp.Or),
    *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between, exp.Like, exp.ILike),
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.DPipe, exp.Case, exp.If, exp.Cast, exp.TryCast, exp.DataType),
    *(exp.Interval, exp.Var, exp.Anonymous, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least, exp.Ln, exp.Log, exp.Pow, exp.Abs),
    *(exp.Round, exp.Floor, exp.Ceil, exp.Substring, exp.Length, exp.Trim, exp.Replace, exp.SplitPart, exp.MD5),
    *(exp.Extract, exp.Year, exp.Month, exp.Day),
)
_GROUP_NODES: tuple[type[exp.Expr], ...] = (
    *(exp.Filter, exp.Where, exp.Star, exp.Distinct, exp.Window, exp.WithinGroup, exp.Order, exp.Ordered, exp.IgnoreNulls),
    *(exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Count, exp.CountIf, exp.AnyValue, exp.ArgMax, exp.LogicalOr, exp.Mode, exp.Median),
    *(exp.PercentileCont, exp.StddevSamp, exp.VariancePop, exp.Corr, exp.Lag, exp.FirstValue),
)
_SIGNS = {
    exp.IntDiv: "'//' is not allowed; write whole(a / nullif(b, 0e0)).",
    exp.JSONExtract: "'->' is not allowed.",
    exp.Alias: "two values stand side by side without an operator between them, or AS is used, which is not allowed.",
    exp.Star: "'*' is not allowed; name the columns.",
    exp.Tuple: "a list in brackets is allowed only after IN.",
    exp.Subquery: "a query inside the expression is not allowed; use the columns of this table.",
    exp.Placeholder: "a placeholder (?, $1 or :name) is not allowed; write the value.",
}
_ONE_ENGINE_ONLY = {"^": "power(x, y)", "**": "power(x, y)", "@": "abs(x)", "::": "CAST(x AS DOUBLE)"}
_TYPES = {"DOUBLE", "BIGINT", "TEXT", "VARCHAR", "DATE", "TIMESTAMP", "TIMESTAMPNTZ", "BOOLEAN"}
_WHOLE_NAMED = frozenset({"days_between", "iso_weekday", "hour_of", "whole"})
_WHOLE = (exp.Floor, exp.Ceil, exp.Round, exp.Count, exp.CountIf, exp.Length, exp.Sum)


def check(text: str, *, columns: Collection[str], what: str, aggregates: bool = False) -> str:
    """The user's expression, checked, to be put into a query as it stands.

    `columns` are the names that exist; `what` names the setting in messages, e.g. "tables.customers.where";
    `aggregates` allows functions over many rows (features), which a row by row expression cannot have.

    Raises:
        ExpressionError: the text is not one expression of the common subset, or names an unknown column.
    """
    text = text.strip()
    try:
        tree = _parsed(text, aggregates=aggregates)
        for node in tree.walk():
            _check_node(node, columns, aggregates=aggregates)
        _check_depth(tree)
    except ExpressionError as error:
        shown = text if len(text) <= 80 else text[:77] + "…"
        raise ExpressionError(f"{what}, '{shown}': {error}") from error
    return text


def columns_used(text: str) -> frozenset[str]:
    """The column names in an expression that `check` accepted, or would accept but for its columns.

    Raises:
        ExpressionError: the text is no expression.
    """
    return frozenset(node.name for node in _parsed(text.strip(), aggregates=True).find_all(exp.Column))


def conditions(text: str) -> tuple[str, ...]:
    """The conditions, as they are written, that a condition joins by AND; the whole where it joins by anything else."""
    text = text.strip()
    cuts, depth, between = [0], 0, 0
    for token in sqlglot.tokenize(text, dialect="duckdb"):
        word = token.text.upper() if token.token_type is not TokenType.STRING else ""
        depth += {"(": 1, "CASE": 1, ")": -1, "END": -1}.get(word, 0)
        if depth:
            continue
        if word == "OR":
            return (text,)
        if word == "AND" and not between:
            cuts += [token.start, token.end + 1]
        between += {"BETWEEN": 1, "AND": -1 if between else 0}.get(word, 0)
    return tuple(text[a:b].strip() for a, b in zip(cuts[::2], [*cuts[1::2], len(text)], strict=True))


Value = str | float | bool | tuple[str | float, ...]
_COMPARED: dict[type[exp.Expr], tuple[str, str]] = {  # the word for it, and for it with the sides exchanged
    exp.EQ: ("=", "="),
    exp.NEQ: ("!=", "!="),
    exp.GT: (">", "<"),
    exp.GTE: (">=", "<="),
    exp.LT: ("<", ">"),
    exp.LTE: ("<=", ">="),
}


def comparisons(text: str) -> tuple[tuple[str, str, Value], ...]:
    """The parts that AND joins, as column, operator and value; of what is no plain comparison every column, "expression" and its text."""
    tree = _parsed(text, aggregates=False)
    parts = list(tree.flatten()) if isinstance(tree, exp.And) else [tree]
    return tuple(found for part in parts for found in _compared(part.unnest()))


def _compared(part: exp.Expr) -> tuple[tuple[str, str, Value], ...]:
    words = _COMPARED.get(type(part))
    left, right = part.args.get("this"), part.args.get("expression")
    if words and isinstance(left, exp.Column) and (value := _constant(right)) is not None:
        return ((left.name, words[0], value),)
    if words and isinstance(right, exp.Column) and (value := _constant(left)) is not None:
        return ((right.name, words[1], value),)
    if isinstance(part, exp.Between | exp.In) and isinstance(left, exp.Column):
        ends = part.expressions if isinstance(part, exp.In) else [part.args["low"], part.args["high"]]
        values = [_constant(end) for end in ends]
        if all(isinstance(v, str | float) for v in values):
            return ((left.name, "in" if isinstance(part, exp.In) else "between", tuple(v for v in values if isinstance(v, str | float))),)
    return tuple((name, "expression", part.sql()) for name in sorted({c.name for c in part.find_all(exp.Column)}))


def _constant(node: exp.Expr | None) -> str | float | bool | None:
    if isinstance(node, exp.Neg) and isinstance(inner := _constant(node.this), float):
        return -inner
    if isinstance(node, exp.Cast):
        return _constant(node.this)
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if isinstance(node, exp.Literal):
        return str(node.this) if node.is_string else float(node.this)
    return None


def closest(name: str, names: Collection[str]) -> str:
    """A hint such as " (did you mean 'Income'?)", or "" where nothing is near."""
    by_lower = {n.lower(): n for n in names}
    near = difflib.get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.6)
    return f" (did you mean '{by_lower[near[0]]}'?)" if near else ""


def _parsed(text: str, *, aggregates: bool) -> exp.Expr:
    if any(category(character) == "Cc" and character not in "\t\r\n" for character in text):
        raise ExpressionError("it holds a control character; remove it.")
    if not text:
        raise ExpressionError("the expression is empty; write one, or remove the key.")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"it has {len(text):,} characters, and {MAX_LENGTH:,} are allowed; split it into several derived columns.")
    try:
        tokens = sqlglot.tokenize(text, dialect="duckdb")
        _check_tokens(tokens, text, aggregates=aggregates)
        statements = sqlglot.parse(text, dialect="duckdb")
    except (SqlglotError, RecursionError) as error:
        place = _place(error)
        raise ExpressionError(f"it is no SQL expression{place}; write for example Income * 2 or Kidhome + Teenhome.") from error
    if len(statements) != 1 or statements[0] is None:
        raise ExpressionError(f"it holds {len(statements)} statements, and one expression is allowed.")
    return statements[0]


def _place(error: Exception) -> str:
    details = getattr(error, "errors", None)
    if details and details[0].get("col") is not None:
        return f" (something is wrong near character {details[0]['col']})"
    return ""


def _check_tokens(tokens: list[Token], text: str, *, aggregates: bool) -> None:
    """What must be judged as written, because the parser gives different spellings the same node."""
    if not tokens:
        raise ExpressionError("it holds nothing but a comment; write an expression.")
    depth = 0
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        _check_token(token, written=text[token.start : token.end + 1])
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        if depth > MAX_DEPTH:
            raise ExpressionError(f"brackets are nested more than {MAX_DEPTH} deep; split it into several derived columns.")
        if depth < 0:
            raise ExpressionError("a bracket is closed that was never opened.")
        if following is not None and following.token_type is TokenType.L_PAREN:
            _check_called(token, aggregates=aggregates)
    if depth:
        raise ExpressionError("a bracket is opened and never closed.")
    words = " ".join(t.text.upper() for t in tokens if t.token_type is not TokenType.STRING).split()
    if "OVER" in words and words.count("NULLS") < words.count("ORDER"):
        raise ExpressionError("ORDER BY puts missing values first on some engines and last on others; write NULLS LAST.")


def _check_token(token: Token, *, written: str) -> None:
    if token.comments:
        raise ExpressionError("comments are not allowed; remove it.")
    if token.token_type is TokenType.SEMICOLON:
        raise ExpressionError("';' is not allowed; write one expression.")
    if written in _ONE_ENGINE_ONLY:
        raise ExpressionError(f"'{written}' does not mean the same on every engine; write {_ONE_ENGINE_ONLY[written]}.")
    if token.token_type is TokenType.STRING and not written.startswith("'"):
        raise ExpressionError("text stands in single quotes; write it as 'text'.")
    if token.token_type is TokenType.NUMBER and "_" in written:
        raise ExpressionError(f"the number {written} has '_' in it; write it without.")


def _check_called(token: Token, *, aggregates: bool) -> None:
    """What stands before a bracket: an operator, a keyword, or a function of the lists; a quoted name is none of them."""
    name = token.text.lower()
    if token.token_type in {TokenType.IDENTIFIER, TokenType.STRING}:
        raise ExpressionError(f"the function '{name}' is not allowed in quotes; write the bare name of a listed function.")
    if name in _OPERATORS or name in _KEYWORDS:
        return
    if name in SCALAR or (aggregates and name in AGGREGATES):
        return
    if name in AGGREGATES:
        raise ExpressionError(f"'{name}' works over many rows, and this expression is computed row by row.")
    instead = WRITE_INSTEAD.get(name)
    allowed = SCALAR | AGGREGATES if aggregates else SCALAR
    hint = f"; write {instead}" if instead else closest(name, allowed) + f"; allowed are {', '.join(sorted(allowed))}"
    raise ExpressionError(f"the function '{name}' is not allowed{hint}.")


def _check_node(node: exp.Expr, columns: Collection[str], *, aggregates: bool) -> None:
    allowed = _ROW_NODES + _GROUP_NODES if aggregates else _ROW_NODES
    if type(node) not in allowed:
        kind = type(node).__name__.lower()
        raise ExpressionError(
            _SIGNS.get(type(node), f"'{kind}' is not allowed; use columns, values, operators, CASE and the listed functions.")
        )
    if isinstance(node, exp.Column):
        _check_column(node, columns)
    elif isinstance(node, exp.Anonymous) and node.name.lower() not in NAMED:
        raise ExpressionError(f"the function '{node.name}' is not allowed.")
    elif isinstance(node, exp.Div | exp.Mod):
        _check_divisor(node.expression)
    elif type(node) in _CHECKS:
        _CHECKS[type(node)](node)


def _check_column(node: exp.Column, columns: Collection[str]) -> None:
    if len(node.parts) > 1 or isinstance(node.this, exp.Star):
        raise ExpressionError(f"'{node.sql()}' is a qualified name or '*'; write the column's name alone.")
    if node.this.args.get("quoted"):
        raise ExpressionError(
            f"'{node.name}' stands in double quotes, which some engines read as text; write the bare name, "
            "and for a name with blanks give a new one under columns.",
        )
    if node.name.lower() in RESERVED:
        raise ExpressionError(f"'{node.name}' is a word of SQL, and no column can be called that here; rename it under columns.")
    if node.name not in columns:
        raise ExpressionError(f"there is no column '{node.name}'{closest(node.name, columns)}; there are {', '.join(sorted(columns))}.")


def _check_literal(node: exp.Literal) -> None:
    if node.is_string:
        return
    if "." in node.name and "e" not in node.name.lower():
        raise ExpressionError(f"the number {node.name} would be a rounded decimal on some engines; write {node.name}e0.")


def _check_divisor(node: exp.Expr) -> None:
    bare = node.unnest()
    if isinstance(bare, exp.Neg):
        bare = bare.this.unnest()
    if isinstance(bare, exp.Nullif) and _is_zero(bare.expression):
        return
    if isinstance(bare, exp.Literal) and not bare.is_string and not _is_zero(bare):
        return
    raise ExpressionError(f"the divisor '{node.sql()}' could be zero; write nullif({node.sql()}, 0e0).")


def _is_zero(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and float(node.name) == 0


def _check_cast(node: exp.Cast) -> None:
    wanted = node.to.this.name if isinstance(node.to.this, exp.DataType.Type) else str(node.to.this)
    if wanted in {"INT", "SMALLINT", "TINYINT"}:
        raise ExpressionError("CAST to an integer rounds on some engines and cuts on others; write whole(x).")
    if wanted not in _TYPES:
        raise ExpressionError(f"CAST to {wanted} is not allowed; use DOUBLE, BIGINT, STRING, DATE, TIMESTAMP or BOOLEAN.")
    inner = node.this.unnest()
    called = isinstance(inner, exp.Anonymous) and inner.name.lower() in _WHOLE_NAMED
    if wanted == "BIGINT" and not called and not isinstance(inner, _WHOLE):
        raise ExpressionError("CAST to BIGINT rounds on some engines and cuts on others; write whole(x), or CAST(floor(x) AS BIGINT).")


def _check_in(node: exp.In) -> None:
    if node.args.get("query") or node.args.get("field") or node.args.get("unnest"):
        raise ExpressionError("after IN stands a list of values in brackets, such as IN ('a', 'b').")


def _check_star(node: exp.Star) -> None:
    if not isinstance(node.parent, exp.Count):
        raise ExpressionError("'*' is not allowed; name the columns.")


def _check_extract(node: exp.Extract) -> None:
    if node.name.lower() not in {"year", "month", "day", "hour", "minute", "quarter"}:
        raise ExpressionError(f"extract({node.name.lower()} …) is not allowed; use year, month, day, hour, or iso_weekday(t).")


def _check_arithmetic(node: exp.Expr) -> None:
    if any(isinstance(child, exp.Literal) and child.is_string for child in node.iter_expressions()):
        raise ExpressionError("a text in quotes cannot be added, subtracted or multiplied; write the number without quotes.")


_CHECKS: dict[type[exp.Expr], Callable[..., None]] = {
    exp.Literal: _check_literal,
    exp.Cast: _check_cast,
    exp.TryCast: _check_cast,
    exp.In: _check_in,
    exp.Star: _check_star,
    exp.Extract: _check_extract,
    exp.Add: _check_arithmetic,
    exp.Sub: _check_arithmetic,
    exp.Mul: _check_arithmetic,
    exp.Neg: _check_arithmetic,
}


def _check_depth(tree: exp.Expr) -> None:
    """Depth of the tree; a chain of one operator (a + b + c) counts once."""
    stack = [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise ExpressionError(f"it is nested more than {MAX_DEPTH} deep; split it into several derived columns.")
        chain = isinstance(node, exp.Binary)
        stack += [(child, depth + (0 if chain and type(child) is type(node) else 1)) for child in node.iter_expressions()]
