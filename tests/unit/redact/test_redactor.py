"""A redactor of any rules: rounds, escapes, and an automaton that never hides a rule."""

from base64 import b64encode
from pathlib import Path
from random import Random

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from sigwatch.redact.prefilter import Prefilter
from sigwatch.redact.redactor import Redactor
from sigwatch.redact.reveal import revealed
from sigwatch.redact.rules import options, rule, shape
from sigwatch.redact.standard import REDACTOR, STANDARD
from tests.unit.redact.corpus import NAMES, SHAPES


def test_every_rule_has_a_name_that_a_configuration_can_write() -> None:
    names = [one.name for one in STANDARD]
    assert len(set(names)) == len(names)
    assert all(name.replace("-", "").isalnum() and name == name.lower() for name in names)


def test_the_documentation_names_every_rule_in_order() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "redaction.md").read_text()
    places = [text.index(f"`{one.name}`") for one in STANDARD]
    assert places == sorted(places)


def test_without_rules_only_control_characters_go() -> None:
    assert Redactor(()).mask("password=hunter2\x1b[0m") == "password=hunter2"


def test_what_one_rule_leaves_is_seen_by_those_before_it() -> None:
    redactor = Redactor((rule("b", "bb", "[b]"), rule("a", "a", "b")))
    assert redactor.mask("aa") == "[b]"


def test_a_rule_that_finds_itself_comes_to_an_end() -> None:
    assert len(Redactor((rule("grow", "x", "xx"),)).mask("x")) < 2_000


def test_rules_of_every_sort_are_found_in_order() -> None:
    rules = (shape("digits", r"\d{4}"), shape("ticket", r"TICKET-\d+"), shape("hinted", r"[A-Z]{8}", hint="[A-Z][A-Z]"))
    assert list(Prefilter(rules).candidates("TICKET-1")) == [0, 1, 2]
    assert list(Prefilter(rules).candidates("nothing")) == [0]
    assert list(Prefilter(rules[2:]).candidates("nothing")) == []


def test_every_rule_is_asked_where_the_automaton_gives_no_answer() -> None:
    prefilter = Prefilter((shape("ticket", r"[A-Z]+-\d+", hint="zzz"),))
    # What RE2 answers when it runs out of memory while it reads: nothing, not even the empty pattern.
    silent = re2.Set.SearchSet(options())
    silent.Add("zzzzzz")
    silent.Compile()
    object.__setattr__(prefilter, "_hints", silent)
    assert list(prefilter.candidates("TICKET-42")) == [0]


def test_no_standard_rule_is_asked_for_nothing() -> None:
    assert list(REDACTOR._prefilter().candidates("nothing to see")) == []


def test_identifiers_and_digests_ask_few_rules() -> None:
    rng = Random(1)
    lines = [f"id {rng.getrandbits(128):032x} {b64encode(rng.randbytes(90)).decode()}" for _ in range(300)]
    assert sum(len(REDACTOR._prefilter().candidates(line)) for line in lines) < len(lines)


PIECES = st.sampled_from(
    [secret for _, secret in SHAPES] + [*NAMES, *"=:\"'<>-@% 4", "\\", "4111", "ssn", "curl ", "\\u003d"]
)


@settings(max_examples=300)
@given(st.lists(PIECES | st.text(max_size=4), max_size=8).map("".join))
def test_the_prefilter_leaves_out_no_rule_that_matches(text: str) -> None:
    asked = REDACTOR._prefilter().candidates(text)
    assert not [one.name for number, one in enumerate(STANDARD) if number not in asked and one.pattern.search(text)]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (r"\u0070ass", "pass"),
        (r"\\u0070ass", "pass"),
        (r"\x70ass", "pass"),
        ("%70ass", "pass"),
        ("%2570ass", "pass"),
        ("&amp;lt;&#112;&quot;", '<p"'),
        (r"\u000a%0a&#10;", r"\u000a%0a&#10;"),
        (r"\ud83d\u00e9", r"\ud83d\u00e9"),
        ("100% sure & safe", "100% sure & safe"),
    ],
)
def test_escapes_of_printable_characters_are_read(text: str, plain: str) -> None:
    assert revealed(text) == plain
