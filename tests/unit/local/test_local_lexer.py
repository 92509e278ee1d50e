import pytest

from sigwatch.local.errors import QueryError
from sigwatch.local.lexer import Kind, tokenize


def shapes(text: str) -> list[tuple[str, str]]:
    return [(token.kind.value, token.value) for token in tokenize(text)[:-1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fields @timestamp", [("word", "fields"), ("word", "@timestamp")]),
        ("a.b.0.c", [("word", "a.b.0.c")]),
        ("`odd name\\x`", [("quoted", "odd name\\x")]),
        ("`a\\`", [("quoted", "a\\")]),
        (r'"say \"hi\" \\ \/ \n\t\r"', [("string", 'say "hi" \\ / \n\t\r')]),
        (r"'it\'s'", [("string", "it's")]),
        ('""', [("string", "")]),
        (r"/a\/b c#d/", [("regex", r"a\/b c#d")]),
        (r"/a\\/", [("regex", r"a\\")]),
        ("bin(5m)", [("word", "bin"), ("symbol", "("), ("duration", "5m"), ("symbol", ")")]),
        ("limit -1.5", [("word", "limit"), ("number", "-1.5")]),
        ("a!=b<=c>=d=~e", [("word", "a"), ("symbol", "!="), ("word", "b"), ("symbol", "<="), ("word", "c"),
                           ("symbol", ">="), ("word", "d"), ("symbol", "=~"), ("word", "e")]),
        ("a # the rest | of it /\n| b", [("word", "a"), ("symbol", "|"), ("word", "b")]),
        ("# nothing else", []),
        ('"# kept"', [("string", "# kept")]),
    ],
)  # fmt: skip
def test_tokens(text: str, expected: list[tuple[str, str]]) -> None:
    assert shapes(text) == expected


def test_a_token_knows_its_place_and_the_end_is_one() -> None:
    first, second, end = tokenize("ab  /c/")
    assert (first.start, first.end) == (0, 2)
    assert (second.start, second.end) == (4, 7)
    assert (end.kind, end.start) == (Kind.END, 7)


@pytest.mark.parametrize(
    ("text", "start", "end", "message"),
    [
        ("fields ;", 7, 7, "unexpected symbol found ; at line 1 and position 7"),
        ("a\n| b \\", 6, 6, "unexpected symbol found \\ at line 2 and position 4"),
        ("a //", 2, 3, "unexpected symbol found // at line 1 and position 2"),
        ("a ``", 2, 3, "unexpected symbol found `` at line 1 and position 2"),
        ('a "b', 2, 3, "token recognition error: the string at position 2 has no end"),
        ("a /b\\/", 2, 5, "token recognition error: the regex at position 2 has no end"),
        ('"a\\', 0, 2, "token recognition error: the string at position 0 has no end"),
        ('"a\\q"', 2, 3, "token recognition error: unknown escape at position 2"),
        ("/a\tb/", 2, 2, "token recognition error: control character at position 2"),
        ("/a\\\nb/", 3, 3, "token recognition error: control character at position 3"),
        ("'a\x7f'", 2, 2, "token recognition error: control character at position 2"),
    ],
)
def test_what_is_no_token_is_named_with_its_place(text: str, start: int, end: int, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        tokenize(text)
    assert (caught.value.start, caught.value.end, caught.value.message) == (start, end, message)
