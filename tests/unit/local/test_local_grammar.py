import pytest

from sigwatch.local.errors import QueryError
from sigwatch.local.grammar import parse_query
from sigwatch.local.patterns import compile_pattern
from sigwatch.local.syntax import (
    Aggregate,
    And,
    Bin,
    Call,
    Column,
    Command,
    Compare,
    Condition,
    Contains,
    Dedup,
    Direction,
    Display,
    Field,
    Fields,
    Filter,
    Holds,
    Limit,
    Literal,
    Matches,
    Not,
    Or,
    Parse,
    Sort,
    SortKey,
    Stats,
    Within,
)

MESSAGE = Field("@message")
A, B, C = Field("a"), Field("b"), Field("c")


def matches(text: str) -> Matches:
    return Matches(MESSAGE, compile_pattern(text))


def plain(name: str) -> Column:
    return Column(Field(name), name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fields @timestamp, `odd name`", Fields((plain("@timestamp"), plain("odd name")))),
        ("FIELDS toMillis(@timestamp) AS ms", Fields((Column(Call("tomillis", (Field("@timestamp"),)), "ms"),))),
        ("fields strlen( @message )", Fields((Column(Call("strlen", (MESSAGE,)), "strlen( @message )"),))),
        ("display a", Display((plain("a"),))),
        ("sort a, b desc, c asc", Sort((SortKey(A, Direction.ASC), SortKey(B, Direction.DESC),
                                        SortKey(C, Direction.ASC)))),
        ("limit 100000", Limit(100_000)),
        ("dedup a, b", Dedup((A, B))),
        ("stats count(*)", Stats((Aggregate("count", None, "count(*)"),), ())),
        ("stats count() as n, max(a) by b, bin(5m) as t",
         Stats((Aggregate("count", None, "n"), Aggregate("max", A, "max(a)")),
               (plain("b"), Column(Bin(300_000), "t")))),
        ("stats count_distinct(a) by bin(2h)",
         Stats((Aggregate("count_distinct", A, "count_distinct(a)"),), (Column(Bin(7_200_000), "bin(2h)"),))),
    ],
)  # fmt: skip
def test_commands(text: str, expected: Command) -> None:
    assert parse_query(text).commands == (expected,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('@message like "a"', Contains(MESSAGE, "a")),
        ("@message like 'a'", Contains(MESSAGE, "a")),
        ("@message like /a|b/", matches("a|b")),
        ("@message =~ /(?i)a/", matches("(?i)a")),
        ("@message not like /a/", Not(matches("a"))),
        ("a in ['x', 2]", Within(A, (Literal("x"), Literal(2.0)))),
        ("a not in [1]", Not(Within(A, (Literal(1.0),)))),
        ("a != -1.5", Compare(A, "!=", Literal(-1.5))),
        ("ispresent(a)", Holds(Call("ispresent", (A,)))),
        ("toMillis(@timestamp) >= 5", Compare(Call("tomillis", (Field("@timestamp"),)), ">=", Literal(5.0))),
        ("a = b or a < b and not c > 1",
         Or((Compare(A, "=", B), And((Compare(A, "<", B), Not(Compare(C, ">", Literal(1.0)))))))),
        ("(a = b OR a < b) AND a <= c",
         And((Or((Compare(A, "=", B), Compare(A, "<", B))), Compare(A, "<=", C)))),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["filter", "where"])
def test_conditions(command: str, text: str, expected: Condition) -> None:
    assert parse_query(f"{command} {text}").commands == (Filter(expected),)


def test_parse_names_its_groups() -> None:
    glob, expression = parse_query('parse @message "u=*, t=*" as u, t | parse /k=(?<k>\\w+)/').commands
    assert isinstance(glob, Parse)
    assert isinstance(expression, Parse)
    assert (glob.names, glob.pattern.group_count) == (("u", "t"), 2)
    assert (expression.subject, expression.names) == (MESSAGE, ("k",))


MALFORMED = [
    ("", 0, 0, "unexpected symbol found <EOF> at line 1 and position 0"),
    ("# only a comment", 16, 16, "unexpected symbol found <EOF> at line 1 and position 16"),
    ("fields a |", 10, 10, "unexpected symbol found <EOF> at line 1 and position 10"),
    ("fields a | frobnicate b", 11, 20, "unexpected symbol found frobnicate at line 1 and position 11"),
    ("fields a\n| frobnicate b", 11, 20, "unexpected symbol found frobnicate at line 2 and position 2"),
    ("SOURCE 'g' | fields a", 0, 5, "unexpected symbol found SOURCE at line 1 and position 0"),
    ("fields a | anomaly", 11, 17, "unexpected symbol found anomaly at line 1 and position 11"),
    ("fields a | estimate | limit 1", 22, 26, "unexpected symbol found limit at line 1 and position 22"),
    ("fields a b", 9, 9, "unexpected symbol found b at line 1 and position 9"),
    ("fields a as", 11, 11, "unexpected symbol found <EOF> at line 1 and position 11"),
    ("fields and", 7, 9, "unexpected symbol found and at line 1 and position 7"),
    ("fields /a/", 7, 9, "unexpected symbol found /a/ at line 1 and position 7"),
    ("fields frobnicate(a)", 7, 16, "unexpected symbol found frobnicate at line 1 and position 7"),
    ("fields strlen(a, b)", 7, 12, "function strlen does not take 2 arguments"),
    ("fields strlen()", 7, 12, "function strlen does not take 0 arguments"),
    ("fields strlen(a", 15, 15, "unexpected symbol found <EOF> at line 1 and position 15"),
    ("fields a as x, b as x", 20, 20, "Ephemeral field is already defined: x"),
    ("fields trim(@log) as @log", 21, 24, "Ephemeral field is already defined: @log"),
    ("filter a", 7, 7, "unexpected symbol found a at line 1 and position 7"),
    ("filter a | limit 1", 9, 9, "unexpected symbol found | at line 1 and position 9"),
    ("filter a like b", 14, 14, "unexpected symbol found b at line 1 and position 14"),
    ("filter a =~ 'b'", 12, 14, "unexpected symbol found 'b' at line 1 and position 12"),
    ("filter a like /b/i", 17, 17, "unexpected symbol found i at line 1 and position 17"),
    ("filter a not b", 13, 13, "unexpected symbol found b at line 1 and position 13"),
    ("filter a in []", 13, 13, "unexpected symbol found ] at line 1 and position 13"),
    ("filter a in [b]", 13, 13, "unexpected symbol found b at line 1 and position 13"),
    ("filter (a = 1", 13, 13, "unexpected symbol found <EOF> at line 1 and position 13"),
    ("filter a == 1", 10, 10, "unexpected symbol found = at line 1 and position 10"),
    ("filter a = 1 and", 16, 16, "unexpected symbol found <EOF> at line 1 and position 16"),
    ("limit 0", 6, 6, "unexpected symbol found 0 at line 1 and position 6"),
    ("limit 100001", 6, 11, "unexpected symbol found 100001 at line 1 and position 6"),
    ("limit any 5", 6, 8, "unexpected symbol found any at line 1 and position 6"),
    ("sort a upwards", 7, 13, "unexpected symbol found upwards at line 1 and position 7"),
    ("stats frobnicate(a)", 6, 15, "unexpected symbol found frobnicate at line 1 and position 6"),
    ("stats max(*)", 10, 10, "unexpected symbol found * at line 1 and position 10"),
    ("stats count(*) as n by a as n", 28, 28, "Ephemeral field is already defined: n"),
    ("stats count(*) by bin(5)", 22, 22, "unexpected symbol found 5 at line 1 and position 22"),
    ("stats count(*) by bin(5y)", 22, 23, "unexpected symbol found 5y at line 1 and position 22"),
    ("stats count(*) by bin(0m)", 22, 23, "unexpected symbol found 0m at line 1 and position 22"),
    ("dedup a | sort b", 10, 13, "unexpected symbol found sort at line 1 and position 10"),
    ("stats max(a) as m | limit 5 | stats max(m)", 20, 24, "unexpected symbol found limit at line 1 and position 20"),
    ('parse a "x=*"', 13, 13, "unexpected symbol found <EOF> at line 1 and position 13"),
    ('parse a "x=*" as b, c', 8, 12, "1 wildcards in the pattern and 2 names"),
    ('parse a "x" as b', 8, 10, "a parse pattern needs at least one '*'"),
    ("parse a /(x)/", 8, 12, "a parse expression needs groups, and a name for each"),
    ("parse a /(?<b>x)/ | parse a /(?<b>y)/", 28, 36, "Ephemeral field is already defined: b"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "start", "end", "message"), MALFORMED)
def test_whatever_is_not_understood_is_refused_with_its_place(text: str, start: int, end: int, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(text)
    assert (caught.value.start, caught.value.end, caught.value.message) == (start, end, message)


@pytest.mark.parametrize(
    "expression", ["a(?=b)", "a(?!b)", "(?<=a)b", r"(a)\1", r"a\ b", r"a\\\ b", "a(b", "[a", "a++b", "(?>a)"]
)
def test_a_regular_expression_that_the_engine_does_not_take(expression: str) -> None:
    with pytest.raises(QueryError, match="invalid regular expression at position 21") as caught:
        parse_query(f"filter @message like /{expression}/")
    assert (caught.value.start, caught.value.end) == (21, 21 + len(expression) + 1)


@pytest.mark.parametrize("text", ["filter " + "(" * 5000, "filter " + "not " * 2000, "fields " + "trim(" * 1500])
def test_nesting_without_end_is_refused_and_not_followed(text: str) -> None:
    with pytest.raises(QueryError, match="unexpected symbol found"):
        parse_query(text)


def test_eleven_stats_are_one_too_many() -> None:
    parse_query(" | ".join(f"stats max(a) as m{n}" for n in range(10)))
    with pytest.raises(QueryError, match="unexpected symbol found stats"):
        parse_query(" | ".join(f"stats max(a) as m{n}" for n in range(11)))


def test_a_full_size_alternation_compiles() -> None:
    words = "|".join(f"signature number {n:05} failed" for n in range(300))
    parse_query(f"filter @message like /(?i){words}/")
    gaps = "|".join(rf"e{n}[^\n]{{0,500}}x" for n in range(150))
    parse_query(f"filter @message like /{gaps}/")
