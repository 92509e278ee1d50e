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
from sigwatch.plan.factor import DEEPEST, atoms, branches, depth, factored, growth, minimal
from sigwatch.plan.insights import LONGEST_QUERY, MARK_LENGTH, filter_of, pack, query_text
from sigwatch.plan.literals import Literal, required
from sigwatch.plan.strategy import SPARE, QueryPlan, Strategy, candidates, plan_queries, times_paid
from tests.bench.corpus import signatures as corpus
from tests.fakes.made import signature
from tests.fakes.patterns import NOISE, SIGNED, Pair

_PATTERNS = SIGNED.map(lambda pair: pair[0])
_DRAWN = st.tuples(st.lists(SIGNED, min_size=1, max_size=6), NOISE, st.integers(0, 5), NOISE)
Drawn = tuple[list[Pair], str, int, str]


def several(drawn: Drawn) -> tuple[list[str], str]:
    """Patterns, and a message that at least one of them is found in."""
    pairs, before, chosen, after = drawn
    pairs = [pair for pair in pairs if usable(pair[0])]
    assume(pairs)
    message = before + pairs[chosen % len(pairs)][1] + after
    patterns = list(dict.fromkeys(pattern for pattern, _ in pairs))
    assume(any(finds(pattern, message) for pattern in patterns))
    return patterns, message


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


_OFTEN = settings(max_examples=400, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])


@_OFTEN
@given(_DRAWN)
@example(([("(?i)abk", "ab\u212a"), ("ab", ""), ("abc", "")], "", 0, ""))
@example(([(r"(?i)a\Wb(?=c)", "a\u017fbc"), ("a", "")], "", 0, ""))
def test_a_packed_query_returns_whatever_a_pattern_finds(drawn: Drawn) -> None:
    patterns, message = several(drawn)
    sent = pack([signature(f"KO-{n}", pattern) for n, pattern in enumerate(patterns)])
    for text, mine in sent:
        parse_query(text)
        for each in mine:
            if finds(each.pattern, message):
                assert returns(text, message), (each.pattern, text)
    assert sorted(s.pattern for _, mine in sent for s in mine) == sorted(patterns)


@_OFTEN
@given(_DRAWN, st.sampled_from([100, 1_000_000]))
@example(([("(?i)\u0130x", "\u0130x")], "", 0, ""), 100)
def test_coarse_queries_return_whatever_a_pattern_finds(drawn: Drawn, events: int) -> None:
    patterns, message = several(drawn)
    for candidate in candidates(patterns, events):
        sent = [(query_text(each.filters), each) for each in candidate.queries]
        for text, _ in sent:
            parse_query(text)
        for each in (signature("KO-1", pattern) for pattern in patterns if finds(pattern, message)):
            assert any(query.touches(each) and returns(text, message) for text, query in sent), (each.pattern, sent)


@_OFTEN
@given(_DRAWN, st.sampled_from([0.0002, 0.01, 1.0]))
def test_what_a_pattern_requires_is_in_whatever_it_finds(drawn: Drawn, threshold: float) -> None:
    patterns, message = several(drawn)

    def holds(literal: Literal) -> bool:
        return re2.search(("(?i)" if literal.any_case else "") + re2.escape(literal.text), message) is not None

    for pattern in patterns:
        chosen = cover([pattern], threshold)
        assert serves(chosen.literals, pattern) is (chosen.uncovered != (pattern,))
        if required(pattern) and finds(pattern, message):
            assert any(map(holds, required(pattern)))
            assert chosen.uncovered or any(map(holds, chosen.literals))


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


def test_a_coarse_query_has_room_for_some_more_signatures(coarse: QueryPlan) -> None:
    assert all(len(text) <= LONGEST_QUERY - MARK_LENGTH - SPARE for text, _ in coarse.queries)


def test_a_changed_signature_that_no_query_has_room_for_is_planned_anew(
    many: list[Signature], coarse: QueryPlan
) -> None:
    long = signature("KO-long", " ".join(f"word{number}" for number in range(1_000))[:8_000])
    again = plan_queries([*many, long], 9_000_000, coarse)
    assert long.pattern in again.planned
    assert any(long in mine and returns(text, long.pattern) for text, mine in again.queries)


def test_a_pattern_with_nothing_but_common_text_is_sent_whole() -> None:
    common, rare = r"error \d+", r"error.*KernelPanicHandler"
    assert cover([common, rare], 0.001).uncovered == (common,)
    assert cover([common, rare], 1.0).uncovered == ()


def test_up_to_some_hundred_signatures_fit_into_one_query(many: list[Signature]) -> None:
    for count in (1, 10, 100, 250):
        plan = plan_queries(many[:count], 9_000_000)
        assert (len(plan.queries), plan.multiple) == (1, 1.0)


def test_one_changed_signature_keeps_the_rest_of_a_coarse_plan(many: list[Signature], coarse: QueryPlan) -> None:
    changed = [*many[:-1], signature("KO-new", r"Zebra (stampede|riot) at gate \d+")]
    again = plan_queries(changed, 9_000_000, coarse)
    assert len({text for text, _ in again.queries} - {text for text, _ in coarse.queries}) == 1
    for text in ("Zebra stampede at gate 7", "Zebra riot at gate 1"):
        assert any(changed[-1] in mine and returns(query, text) for query, mine in again.queries)
    gone = plan_queries(many[1:], 9_000_000, again)
    assert many[0] not in {each for _, mine in gone.queries for each in mine}
    assert {each for _, mine in gone.queries for each in mine} == set(many[1:])
    vague = plan_queries([*many, signature("KO-vague", r"[0-9]{3}x?")], 9_000_000, coarse)
    assert any(returns(query, "code 404") for query, mine in vague.queries if mine[-1].id == "KO-vague")


def test_one_changed_signature_keeps_the_rest_of_an_exact_plan(many: list[Signature]) -> None:
    endless = 1 << 60
    before = plan_queries(many, endless)
    assert before.strategy is Strategy.EXACT
    fresh = signature("KO-new", r"Zebra (stampede|riot) at gate \d+")
    for changed in ([*many, fresh], many[1:], [*many[:-1], fresh]):
        again = plan_queries(changed, endless, before)
        assert sorted(each.id for _, mine in again.queries for each in mine) == sorted(each.id for each in changed)
        assert len({text for text, _ in again.queries} - {text for text, _ in before.queries}) <= 3
        assert len(again.queries) == again.multiple <= len(before.queries) + 1
        for text, mine in again.queries:
            assert len(text) <= LONGEST_QUERY - MARK_LENGTH
            assert all(returns(text, example_of(each.pattern)) for each in mine if each is not fresh)


def test_after_many_changes_the_cheapest_plan_is_looked_for_again(many: list[Signature], coarse: QueryPlan) -> None:
    half = plan_queries(many[: len(many) * 9 // 10], 9_000_000, coarse)
    assert half.planned == {each.pattern for each in many[: len(many) * 9 // 10]}
    few = plan_queries(many[:100], 9_000_000, coarse)
    assert (few.strategy, len(few.queries)) == (Strategy.EXACT, 1)


def test_where_a_coarse_filter_would_return_too_much_exact_queries_are_sent(many: list[Signature]) -> None:
    plan = plan_queries(many[:600], 1 << 40)
    assert plan.strategy is Strategy.EXACT
    assert plan.reason.startswith("4 exact queries, so each byte is paid for 4 times; of 1 coarse ones about ")
    assert plan.reason.endswith(
        " of 4,398,046,511 events are expected in a window's results, so each would be paid for 16 times"
    )


def test_what_a_coarse_plan_saves_is_said(coarse: QueryPlan) -> None:
    assert re.fullmatch(
        r"\d coarse in place of \d+ exact queries: about [\d,]+ of 36,000 events are expected in a window's results, "
        r"so each byte is paid for \d times and not \d+",
        coarse.reason,
    )


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


@pytest.mark.parametrize(
    ("filters", "groups"),
    [(["a", "b"], 0), (["ab", "ac"], 1), (["ab", "ac", "axc", "axd"], 2), (["abx", "aby", "bcx", "bcy"], 1)],
)
def test_the_depth_of_groups_is_known_before_they_are_written(filters: list[str], groups: int) -> None:
    assert depth(sorted(map(atoms, filters))) == groups


def test_what_would_nest_too_deep_is_sent_in_several_queries() -> None:
    made = [signature(f"KO-{length}", "a" * length + "b") for length in range(1, 200)]
    sent = pack(made)
    assert sorted(each.id for _, mine in sent for each in mine) == sorted(each.id for each in made)
    for text, mine in sent:
        assert len(text) <= LONGEST_QUERY - MARK_LENGTH
        assert text.count("(") <= DEEPEST
        assert all(returns(text, each.pattern) for each in mine)


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
        ("(?i:secret)Thing", ["secretthing"]),
        ("(?i)x(?-i:Caf\u00e9s)", ["caf"]),
        (r"(alpha|beta\d)gamma", ["gamma"]),
        ("x(?=lookahead)Needle", ["xNeedle"]),
        ("(Needle){2}", ["Needle"]),
    ],
)
def test_the_rarest_of_what_a_pattern_requires_is_chosen(pattern: str, texts: list[str]) -> None:
    assert [each.text for each in required(pattern) if len(each.text) > 1] == texts
