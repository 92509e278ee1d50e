from random import Random

import pytest

from sigwatch.match.engine import Engine, Verdict, finds, is_linear
from sigwatch.pattern import judge
from tests.fakes.made import signature


def test_every_matching_signature_of_an_event_is_found_in_one_pass() -> None:
    engine = Engine(
        [
            signature("B", "timeout"),
            signature("A", "(?i)TIMEOUT after"),
            signature("C", "never"),
            signature("D", r"(?<=er )timeout"),
        ]
    )
    assert engine.match("upper timeout after 3 s") == Verdict(("A", "B", "D"))
    assert engine.match("quiet") == Verdict(())


def test_an_engine_without_signatures_finds_nothing() -> None:
    assert Engine([]).match("anything") == Verdict(())


@pytest.mark.parametrize("changes", [3, 70])
def test_an_engine_made_from_an_earlier_one_finds_what_a_fresh_one_does(changes: int) -> None:
    rng = Random(changes)
    known = {n: signature(f"KO-{n}", f"error{n}x") for n in range(200)}
    engine = Engine(known.values())
    for _ in range(6):
        for number in rng.sample(range(220), changes):
            change = rng.choice(["drop", "add", "slow"])
            pattern = f"error{number}(?=x)" if change == "slow" else f"error{number}[x{rng.randrange(9)}]"
            known[number] = signature(f"KO-{number}", pattern)
            if change == "drop":
                del known[number]
        engine, fresh = Engine(known.values(), engine), Engine(known.values())
        for number in range(220):
            for letter in "x15":
                text = f"an error{number}{letter} and an error{(number + 1) % 220}x"
                assert engine.match(text) == fresh.match(text)


def test_the_dialect_is_of_single_lines_unless_the_pattern_says_otherwise() -> None:
    assert not finds("a.*b", "a\nb")
    assert finds("(?s)a.*b", "a\nb")
    assert finds(r"é\s+ß", "xé \tß")


@pytest.mark.parametrize("text", ["lone \udcff surrogate ERROR", "ERROR \x00 nul", "ERROR" + "a" * 300_000])
def test_odd_text_is_searched_like_any_other(text: str) -> None:
    assert Engine([signature(pattern="ERROR")]).match(text).found == ("KO-1",)


def test_a_hostile_line_can_not_hang_a_linear_pattern() -> None:
    pattern = r"(a+)+$"
    assert is_linear(pattern)
    assert finds(pattern, "a" * 100_000 + "!") is False


def test_a_slow_pattern_that_runs_out_of_time_is_undecided_and_never_dropped() -> None:
    pattern = r"(.*)*=(.*)*(?<=q)!"
    assert not is_linear(pattern)
    verdict = Engine([signature("SLOW", pattern), signature("KO-1", "aaa")]).match("aaa=b" * 300 + "!")
    assert verdict == Verdict(("KO-1",), undecided=("SLOW",))
    with pytest.raises(ValueError, match="without lookaround"):
        finds(pattern, "aaa=b" * 300 + "!")


def test_a_pattern_must_serve_as_a_filter_and_decide_locally() -> None:
    assert judge("No module named '(src|app)", "ERROR No module named 'src.api")
    assert not judge("No module", "fine")
    for pattern in ("(", ".*", "[[:digit:]]+"):
        with pytest.raises(ValueError, match=r"regular expression|every line|POSIX"):
            judge(pattern, "")


def test_a_pattern_that_no_engine_takes_is_refused() -> None:
    with pytest.raises(ValueError, match="is no valid regular expression"):
        finds("(?P<x>a)(?P=y)", "")
