"""A redactor of any rules: rounds, escapes, and an automaton that never hides a rule."""

from pathlib import Path

import pytest

from sigwatch.redact.redactor import Redactor
from sigwatch.redact.reveal import revealed
from sigwatch.redact.rules import rule, shape
from sigwatch.redact.standard import REDACTOR, STANDARD


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


def test_a_rule_is_asked_where_the_automaton_ran_out_of_memory() -> None:
    # Thousands of states for each rule: more than the automaton may hold, which RE2 reports as no match at all.
    wide = [rule(f"wide-{n}", f"(?:[a-z0-9]{{1000}}[0-9]{{{n}}}){{1}}x") for n in range(1, 60)]
    redactor = Redactor((*wide, shape("ticket", r"TICKET-\d+")))
    assert redactor.mask("see TICKET-42 there") == "see [ticket] there"


def test_the_automaton_of_the_standard_rules_fits_into_its_memory() -> None:
    last = len(STANDARD)
    assert list(REDACTOR._which.Match("nothing to see")) == [last]


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
