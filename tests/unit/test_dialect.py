import re

import pytest
import re2
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sigwatch.dialect import Filter, escape, widen
from sigwatch.match.engine import finds


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"ERROR.*No module named 'src\.api", r"ERROR[^\n]*No module named 'src\.api"),
        ("a/b#c", r"a\/b\x23c"),
        ("tab\there", r"tab\there"),
        (r"x-y[a-z-]", r"x-y[a-z\-]"),
        (r"^\bword\b$", "word"),
        (r"(?P<name>id)=\d{2,}", "(id)=[0-9]{2,}"),
        (r"a(?=b)c(?!d)", "ac"),
        (r"(q)\1r", r"q[\s\S]*r"),
        (r".*needle.*?", "needle"),
        (r"lazy+?x", "lazy+x"),
        (r"[^\W]y", "[0-9A-Za-z_]y"),
        (r"x\D+y", "x[^0-9]+y"),
        (r"x[\D\s]y", r"x[\s\S]y"),
        (r"(?s)a.b", r"a[\s\S]b"),
        (r"(ab)+c|(d|e)*f", "((ab)+c|[de]*f)"),
        (r"(ab|)c", "((ab)?)c"),
        (r"a(?>bc)*d", "a(bc)*d"),
        (r"(x)?(?(1)y|z)w", "x?(y|z)w"),
        (r"[\s]z", r"[\t\n\f\r \x0b]z"),
        (r"[^\s]z", r"[^\t\n\f\r ]z"),
        ("ab{3}c{0,2000}", "ab{3}c*"),
        (r"\x00end\x{}".replace(r"\x{}", "é"), r"\x00endé"),
        ("zero\u200bwidth", r"zero\x{200b}width"),
        ("n[^a]b", "n[^a]b"),
    ],
)
def test_a_pattern_becomes_a_filter_in_the_shared_dialect(pattern: str, expected: str) -> None:
    assert widen(pattern) == Filter(expected, any_case=False)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("(?i:ab1)C", "(ab1)C"),
        ("(?i)error (?-i:a)x", "error ax"),
        ("(?i)error [^a]x", r"error [\s\S]x"),
        ("(?i)error [^j-l]x", r"error [\s\S]x"),
        ('(?i)error [^"\n]x', r'error [^"\n]x'),
        (r"(?i)error\Wx", "error[^0-9A-JL-RT-Za-jl-rt-z_]x"),
        (r"(?i)error[^\w.]x", r"error[^0-9A-JL-RT-Za-jl-rt-z_\.]x"),
        (r"(?i)[^\W]\Dx", "[0-9A-Za-z_][^0-9]x"),
        ("(?i)\u00e9[\u00e9]x[\u4e00-\u4e10]", r"[\s\S][\s\S]x[\s\S]"),
    ],
)
def test_what_engines_may_fold_differently_is_left_open(pattern: str, expected: str) -> None:
    assert widen(pattern) == Filter(expected, any_case=True)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(?i:k)x", "\u212ax"),
        ("(?i:s)x", "\u017fx"),
        ("(?i:\u00df)x", "\u1e9ex"),
        ("(?i:\u03a3)x", "\u03c2x"),
        (r"(?i)a\Wb(?=c)", "a\u017fbc"),
        (r"(?i)a[^k]b(?=c)", "a\u212abc"),
        (r"(?i)a[^a-z]b(?=c)", "a\u212abc"),
        (r"(?i)a[^\u00c9]b(?=c)", "a\u00e9bc"),
        (r"(?i)a[^\u017f]b(?=c)", "asbc"),
    ],
)
def test_letters_that_fold_across_scripts_are_returned(pattern: str, text: str) -> None:
    narrowed = widen(pattern)
    assert finds(pattern, text)
    assert re2.search("(?i)" + narrowed.text, text)
    assert narrowed.any_case


def test_ignoring_case_is_kept_for_the_query_to_say() -> None:
    assert widen("(?i)timeout") == Filter("timeout", any_case=True)


@pytest.mark.parametrize("pattern", [".*", "a?", "(?=a)", "^$", "(a|)"])
def test_a_pattern_without_any_certain_text_is_refused_with_the_cure(pattern: str) -> None:
    with pytest.raises(ValueError, match="would return every line: it needs some text"):
        widen(pattern)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(unclosed", "is no valid regular expression: missing"),
        ("[[:alpha:]]+x", r"write the characters, such as \[A-Za-z\]"),
        ("ab{,3}", r"write \{0,n\}"),
        (r"(?u:a\wb)", r"uses the flag \(\?u\); leave it out"),
        ("a{e}b(?=c)", r"uses \{...\} next to lookaround"),
        ("((a{1000}){1000}){1000}", "is too large for the query language"),
    ],
)
def test_an_unusable_pattern_is_refused_with_a_sentence(pattern: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        widen(pattern)


def test_a_literal_brace_is_no_unshared_spelling() -> None:
    assert widen(r"a\{,3\}").text == r"a\{,3\}"
    assert widen("path/{id}").text == r"path\/\{id\}"


_ATOMS = st.sampled_from(
    [
        *"abE1 _-/#'\"",
        "é",
        r"\.",
        ".",
        r"\d",
        r"\w",
        r"\s",
        r"\D",
        r"\W",
        r"\S",
        "[a-e]",
        "[^x]",
        r"[\w-]",
        r"[^\s]",
        "^",
        "$",
        r"\b",
        "(?=a)",
        "(?!b)",
        r"\n",
    ]
)
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "*?"])).map(lambda p: f"(?:{p[0]}){p[1]}"),
    ),
    max_leaves=12,
)
_TEXTS = st.text(alphabet="abcE1 _-/#'\"é.\n\r\tx9", max_size=24)


@settings(max_examples=200, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(st.data(), st.booleans(), _PATTERNS)
def test_whatever_the_engine_matches_the_filter_returns_too(data: st.DataObject, any_case: bool, body: str) -> None:
    pattern = ("(?i)" if any_case else "") + f"E{body}1"
    text = data.draw(st.one_of(st.from_regex(pattern), _TEXTS))
    # Another engine than the text was made for: not every text made is one it finds.
    assume(finds(pattern, text))
    narrowed = widen(pattern)
    sent = ("(?i)" if narrowed.any_case else "") + narrowed.text
    assert re2.search(sent, text), f"{pattern!r} -> {sent!r} misses {text!r}"
    # The filter must not depend on one engine's reading of it.
    assert re.search(sent.replace(r"\/", "/"), text)


@given(st.characters(exclude_categories=["Cs"]))
def test_an_escaped_character_stands_for_itself_and_never_ends_the_expression(character: str) -> None:
    written = escape(character)
    assert re2.fullmatch(written, character)
    assert not re.search(r"(?<!\\)[/#]", written)
    assert all(letter.isprintable() for letter in written)
