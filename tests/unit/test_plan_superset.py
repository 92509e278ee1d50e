"""Whatever the local engine finds, the query returns: for one pattern and for many packed together, exact or coarse."""

import re

import pytest
import re2
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from sigwatch.local.grammar import parse_query
from sigwatch.match.engine import finds
from sigwatch.model.knowledge import Signature
from sigwatch.plan.coarse import cover, serves
from sigwatch.plan.factor import atoms, branches, factored, growth, minimal
from sigwatch.plan.insights import LONGEST_QUERY, MARK_LENGTH, filter_of, pack
from sigwatch.plan.literals import Literal, required
from sigwatch.plan.strategy import QueryPlan, Strategy, plan_queries, times_paid
from tests.bench.corpus import signatures as corpus
from tests.fakes.made import signature

_WORDS = st.sampled_from(
    [
        *("ERROR", "error", "Errno", "k", "s", "ab", "abc", "a/b", "x#y", "1-2", 'say "no"', "\n", " ", "{", "|"),
        *("\u212a", "\u017f", "\u0131", "\u00c9"),  # what k, s, i and e look like in other scripts
    ]
)
_PIECES = st.one_of(
    _WORDS.map(re.escape),
    st.sampled_from(
        [r"\d+", r"\w", r"[a-c]+", "[^x]", ".", ".*", "(foo|bar)", "(?:a|bc)?", r"\bE", "(?i:abC)", "(?s:.)x", "a{2}b*",
         "(x(y|z)+)", r"[k\]s]", "(?=a)", "(?!q)", r"(q)\1", "^E", "c$", r"\.", "(|a)b"]
    ),
)  # fmt: skip
_PATTERNS = st.builds(
    lambda flag, parts: flag + "".join(parts),
    st.sampled_from(["", "", "(?i)"]),
    st.lists(_PIECES, min_size=1, max_size=5),
)
_TEXTS = st.lists(
    st.one_of(_WORDS, st.sampled_from(["foo", "bar", "ABC", "aab", "xyzzy", "qq", "7", "E", "c", "\r\n", "Error"])),
    max_size=8,
).map("".join)


def usable(pattern: str) -> bool:
    try:
        filter_of(pattern)
        finds(pattern, "")
    except ValueError:
        return False
    return True


def returns(text: str, message: str) -> bool:
    """What a Logs Insights of our own reading returns for a query over one message."""
    found = re.findall(r"like /((?:[^/\\]|\\.)*)/", text)
    assert found
    return any(re2.search(each, message) for each in found)


@settings(max_examples=400, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(st.lists(_PATTERNS, min_size=1, max_size=6, unique=True), _TEXTS)
@example(["ab", "abc", "(?i)abk"], "ab\u212a")
def test_a_packed_query_returns_whatever_a_pattern_finds(drawn: list[str], message: str) -> None:
    patterns = list(filter(usable, drawn))
    sent = pack([signature(f"KO-{n}", pattern) for n, pattern in enumerate(patterns)])
    for text, mine in sent:
        parse_query(text)
        for each in mine:
            if finds(each.pattern, message):
                assert returns(text, message)
    assert sorted(s.pattern for _, mine in sent for s in mine) == sorted(patterns)


@settings(max_examples=400, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(_PATTERNS, _TEXTS, st.sampled_from([0.0002, 0.01, 1.0]))
def test_what_a_pattern_requires_is_in_whatever_it_finds(pattern: str, message: str, threshold: float) -> None:
    assume(usable(pattern))
    wanted = required(pattern)
    assume(wanted and finds(pattern, message))

    def holds(literal: Literal) -> bool:
        return re2.search(("(?i)" if literal.any_case else "") + re2.escape(literal.text), message) is not None

    assert any(map(holds, wanted))
    chosen = cover([pattern], threshold)
    assert serves(chosen.literals, pattern)
    assert any(map(holds, chosen.literals))


@pytest.fixture(scope="module")
def many() -> list[Signature]:
    return corpus(3_000)


@pytest.fixture(scope="module")
def coarse(many: list[Signature]) -> QueryPlan:
    return plan_queries(many, 9_000_000)


def example_of(pattern: str) -> str:
    """A text that one of the corpus's patterns finds."""
    text = pattern.removeprefix("(?i)")
    for spelling, written in (
        (r"(has expired|is not yet valid)", "has expired"), ("(502|503|504)", "503"), (r"'[\w.]+'", "'src.api'"),
        (r"[a-z_]+", "users"), ("[0-9a-f]{8}", "deadbeef"), (r"\d+", "17"), (r"\w+", "main"), (".*", " - "), ("\\", ""),
    ):  # fmt: skip
        text = text.replace(spelling, written)
    return text


def test_a_coarse_plan_returns_every_signature(many: list[Signature], coarse: QueryPlan) -> None:
    assert coarse.strategy is Strategy.COARSE
    assert len(coarse.queries) <= 3
    for each in many:
        text = example_of(each.pattern)
        assert finds(each.pattern, text), (each.pattern, text)
        assert any(each in mine and returns(query, text) for query, mine in coarse.queries)


def test_every_query_leaves_room_for_its_mark(many: list[Signature], coarse: QueryPlan) -> None:
    for text, _ in [*coarse.queries, *pack(many)]:
        assert len(text) <= LONGEST_QUERY - MARK_LENGTH
        parse_query(text)


def test_up_to_some_hundred_signatures_fit_into_one_query(many: list[Signature]) -> None:
    for count in (1, 10, 100, 250):
        plan = plan_queries(many[:count], 9_000_000)
        assert (len(plan.queries), plan.multiple) == (1, 1.0)


def test_one_changed_signature_keeps_the_rest_of_a_coarse_plan(many: list[Signature], coarse: QueryPlan) -> None:
    changed = [*many[:-1], signature("KO-new", r"Zebra (stampede|riot) at gate \d+")]
    again = plan_queries(changed, 9_000_000, coarse)
    assert [text for text, _ in again.queries[:-1]] == [text for text, _ in coarse.queries[:-1]]
    for text in ("Zebra stampede at gate 7", "Zebra riot at gate 1"):
        assert any(changed[-1] in mine and returns(query, text) for query, mine in again.queries)
    gone = plan_queries(many[1:], 9_000_000, again)
    assert many[0] not in {each for _, mine in gone.queries for each in mine}
    vague = plan_queries([*many, signature("KO-vague", r"[0-9]{3}x?")], 9_000_000, coarse)
    assert any(returns(query, "code 404") for query, mine in vague.queries if mine[-1].id == "KO-vague")


def test_where_a_coarse_filter_would_return_too_much_exact_queries_are_sent(many: list[Signature]) -> None:
    plan = plan_queries(many[:600], 1 << 40)
    assert plan.strategy is Strategy.EXACT
    assert plan.reason == f"{len(plan.queries)} exact queries are the cheapest"


@pytest.mark.parametrize(("queries", "rows", "times"), [(1, 0, 1), (1, 10_000, 1), (2, 10_001, 4), (1, 50_000, 4)])
def test_a_result_over_the_limit_is_paid_for_again_with_each_halving(queries: int, rows: float, times: float) -> None:
    assert times_paid(queries, rows) == times


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["foobar", "foobaz"], "fooba(r|z)"),
        (["ab", "abc", "x"], "ab|x"),
        (["(ab|cd)", "abx"], "ab|cd"),
        ([r"a\/b", r"a\x23b"], r"a\/b|a\x23b"),
        (["ab+", "ab*"], "ab*|ab+"),
        (["a", "b"], "a|b"),
        (["[a|b]c", "[a|b]d"], "[a|b](c|d)"),
    ],
)
def test_what_filters_share_is_written_once(filters: list[str], expected: str) -> None:
    assert factored(filters) == expected


def test_a_filter_is_cut_only_between_its_atoms() -> None:
    assert atoms(r"a\x{200b}+[\]x](a|b\))?d{2,}e") == ("a", r"\x{200b}+", r"[\]x]", r"(a|b\))?", "d{2,}", "e")
    assert branches(r"(a|[|]b|(c|d)|\|)") == ["a", "[|]b", "(c|d)", r"\|"]
    assert branches("(a|b)c") == ["(a|b)c"]


@given(st.lists(_PATTERNS, min_size=1, max_size=12))
def test_an_expression_is_never_longer_than_its_growth(patterns: list[str]) -> None:
    filters = {filter_of(pattern).text for pattern in filter(usable, patterns)}
    length, before = 0, None
    for parts in sorted(atoms(text) for text in filters):
        length += growth(before, parts)
        before = parts
    assert len(factored(filters)) <= length
    assert all(parts in {atoms(b) for text in filters for b in branches(text)} for parts in minimal(filters))


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        (r"ERROR.*(foo|bar)baz\d+", ["barbaz", "foobaz"]),
        (r"(?i)Time[d ]out", ["time out", "timedout"]),
        (r"\d+ (rows|lines)?", []),
        ("(?i:secret)Thing", ["Thing"]),
        (r"(alpha|beta\d)gamma", ["gamma"]),
        ("x(?=lookahead)Needle", ["xNeedle"]),
        ("(Needle){2}", ["Needle"]),
    ],
)
def test_the_rarest_of_what_a_pattern_requires_is_chosen(pattern: str, texts: list[str]) -> None:
    assert [each.text for each in required(pattern) if len(each.text) > 1] == texts
