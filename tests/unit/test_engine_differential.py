"""Whatever prefilter is at work, the engine's answer is that of one pattern after the other: event by event."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

import pytest
import re2
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sigwatch.dialect import widen
from sigwatch.match.bytewise import bytewise
from sigwatch.match.engine import Engine, finds
from sigwatch.match.prefilter import HyperscanPrefilter, Prefilter, Re2Prefilter, is_linear
from sigwatch.pattern import judge
from tests.bench.corpus import signatures as corpus
from tests.fakes.made import signature
from tests.fakes.patterns import NOISE, SIGNED, Pair

PREFILTERS: list[Callable[[Sequence[str]], Prefilter]] = [HyperscanPrefilter.of, Re2Prefilter]
both = pytest.mark.parametrize("prefilter", PREFILTERS)

_TEXTS = st.lists(st.tuples(NOISE, SIGNED, NOISE), min_size=1, max_size=5)
_JUNK = st.sampled_from([b"", b"", b"\xff", b"\xc3", b"\xe2\x84", b"\x00\x01", "é".encode(), b"\r", b"\xf0\x9f\x92"])


@lru_cache(maxsize=4_096)
def usable(pattern: str) -> bool:
    try:
        judge(pattern, "")
    except ValueError:
        return False
    return True


def engine_of(patterns: Sequence[str], prefilter: Callable[[Sequence[str]], Prefilter]) -> Engine:
    return Engine([signature(pattern, pattern) for pattern in patterns], compile_all=prefilter)


def one_by_one(patterns: Sequence[str], text: str) -> tuple[str, ...]:
    return tuple(sorted(pattern for pattern in patterns if finds(pattern, text)))


@both
@settings(deadline=None, max_examples=200)
@given(drawn=_TEXTS)
def test_an_event_is_decided_as_by_one_pattern_after_the_other(
    prefilter: Callable[[Sequence[str]], Prefilter], drawn: list[tuple[str, Pair, str]]
) -> None:
    patterns = sorted({pair[0] for _, pair, _ in drawn if usable(pair[0])})
    assume(patterns)
    engine = engine_of(patterns, prefilter)
    for before, (_, text), after in drawn:
        message = before + text + after
        assert engine.match(message).found == one_by_one(patterns, message)


@both
@settings(deadline=None, max_examples=200)
@given(drawn=_TEXTS, junk=st.lists(_JUNK, min_size=5, max_size=5))
def test_every_event_that_matches_shows_in_a_buffer_of_many(
    prefilter: Callable[[Sequence[str]], Prefilter], drawn: list[tuple[str, Pair, str]], junk: list[bytes]
) -> None:
    patterns = sorted({pair[0] for _, pair, _ in drawn if usable(pair[0])})
    assume(patterns)
    texts = [before + pair[1] + after for before, pair, after in drawn]
    events = [junk[-n] + text.encode("utf-8", "replace") + junk[n] for n, text in enumerate(texts)]
    scanner = engine_of(patterns, prefilter).scanner()
    ends = scanner.ends(b"\n".join(events))
    stops = list(accumulate(len(event) + 1 for event in events))
    for event, stop in zip(events, stops, strict=True):
        if one_by_one(patterns, event.decode("utf-8", "replace")):
            assert any(stop - len(event) - 1 < end <= stop for end in ends), (event, patterns)


_DIALECT = st.tuples(NOISE, SIGNED, NOISE).filter(lambda drawn: usable(drawn[1][0]) and is_linear(drawn[1][0]))


@settings(deadline=None, max_examples=400)
@given(drawn=_DIALECT)
def test_the_linear_dialect_is_that_of_the_standard_library_over_ascii(drawn: tuple[str, Pair, str]) -> None:
    before, (pattern, text), after = drawn
    # They differ, as documented, in whether `$` looks past a last line end.
    here = pattern.replace("c$", r"c\Z")
    for message in (before + text + after, text, text.lower(), text.upper()):
        if message.isascii() and here.isascii():
            assert finds(pattern, message) == bool(re.search(here, message, re.ASCII)), (pattern, message)


@both
def test_real_patterns_decide_alike_on_real_logs(prefilter: Callable[[Sequence[str]], Prefilter]) -> None:
    folder = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "cre-dev"
    if not folder.is_dir():
        pytest.skip("the corpora of others' rules are not beside this project")
    rules = "\n".join(path.read_text() for path in sorted(folder.glob("*/*.yaml")))
    written = {found.strip().strip("'\"") for found in re.findall(r"(?:regex|value): (.+)", rules)}
    patterns = sorted(found for found in written if usable(found) and not judge(found, ""))
    assert len(patterns) > 50
    engine = engine_of(patterns, prefilter)
    matched = 0
    for path in sorted(folder.glob("*/test*.log")):
        lines = path.read_text(errors="replace").splitlines()[:60]
        for message in [*lines, "\n".join(lines)]:
            found = engine.match(message).found
            assert found == one_by_one(patterns, message)
            matched += len(found)
    assert matched > 100


@both
def test_ten_signatures_or_a_thousand_are_one_pass(prefilter: Callable[[Sequence[str]], Prefilter]) -> None:
    engine = Engine(corpus(1_000), compile_all=prefilter)
    text = "ERROR at com.shop.cart.OrderCartServiceError.main(OrderCartServiceError.java:42)"
    assert engine.match(text).found == one_by_one_ids(text)
    assert engine.match("nothing of interest").found == ()


def one_by_one_ids(text: str) -> tuple[str, ...]:
    return tuple(each.id for each in corpus(1_000) if re2.search(each.pattern, text))


@pytest.mark.parametrize(
    ("pattern", "expression"),
    [
        ("a.x", rb"a[^\n]{1,4}x"),
        (r"é+ß{2}z", rb"(\xc3\xa9)(\xc3\x9f){2,2}z"),
        ("(?i)sKy", rb"(s|\xc5\xbf)(K|\xe2\x84\xaa)y"),
        (r"x\s+$", rb"x[\t\n\f\r \x0b]"),
        (r"\d+ms", rb"[0-9]ms"),
        ("(?s)foo.*bar", rb"foo[\s\S\x80-\xff]*bar"),
        (r"q[\u0400-\u04ff]z", rb"q[\x80-\xff]{1,4}z"),
        ("q[^é]z", rb"q[\x00-\xff]{1,4}z"),
        ("qq(ab){3,900}c", rb"qq(ab){2,}c"),
        ("ERROR.*RefundPool.*E7", b"RefundPool[^\\n]*E7"),
        ("(lost .*RefundPool|ERROR.*VoucherGateway)", b"(RefundPool|VoucherGateway)"),
        ("x (session .*RefundPool|VoucherGateway)", b"(RefundPool|VoucherGateway)"),
        ("ab (VoucherGateway)?cd", b"ab (VoucherGateway){0,1}cd"),
        ("(x .*VoucherGateway){2}", rb"(x [^\n]*VoucherGateway){2,2}"),
        ("(?i)q[a-z]z", rb"q[a-z\x80-\xff]{1,4}z"),
        ("RefundPool.*(session|VoucherGateway)", b"RefundPool[^\\n]*(session|VoucherGateway)"),
        ("qa{70}z", rb"qa{16,}z"),
        ("qa{7}b{2,4}c{2,5}z", rb"qa{7,7}b{2,4}c{2,}z"),
        ("x\ufffdy", rb"x[\x80-\xff]{1,4}y"),
        ("a\u2028b", rb"a(\xe2\x80\xa8)b"),
    ],
)
def test_a_character_is_as_many_bytes_as_it_may_be(pattern: str, expression: bytes) -> None:
    assert bytewise(widen(pattern)) == expression


@both
@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(?i)qq[a-z]zz", "QQ\u212aZZ"),
        ("(x .*VoucherGateway){2}", "x VoucherGatewayx VoucherGateway"),
        ("ab (Pool)?cd", "ab cd"),
    ],
)
def test_what_is_left_out_of_an_expression_is_not_asked_for(
    prefilter: Callable[[Sequence[str]], Prefilter], pattern: str, text: str
) -> None:
    assert engine_of([pattern], prefilter).match(text).found == (pattern,)


@both
def test_a_scanner_forgets_what_it_found_before(prefilter: Callable[[Sequence[str]], Prefilter]) -> None:
    scanner = engine_of(["timeout", "refused"], prefilter).scanner()
    lines = b"a timeout\nb\nrefused\n"
    assert scanner.candidates(lines) == scanner.candidates(lines) != []
    assert list(scanner.ends(lines)) == list(scanner.ends(lines))
    assert scanner.candidates(b"") == []


@both
def test_what_was_added_since_all_were_compiled_shows_in_buffers_too(
    prefilter: Callable[[Sequence[str]], Prefilter],
) -> None:
    before = engine_of(["timeout", "denied"], prefilter)
    engine = Engine([signature("A", "timeout"), signature("B", "refused")], before, prefilter)
    text = b"x refused\n" + b"y timeout\n" + b"z refused"
    ends = engine.scanner().ends(text)
    assert list(ends) == sorted(ends)
    assert {text.count(b"\n", 0, end - 1) for end in ends} == {0, 1, 2}
    assert engine.match("denied").found == ()
