"""What a configuration may change, and what is wrong with one."""

from collections.abc import Collection, Mapping, Sequence

import pytest

from sigwatch.redact.projects import CustomRule, Redaction, faults
from sigwatch.redact.standard import REDACTOR

CUSTOMER = CustomRule("customer-id", r"CUST-\d{6}")
PATIENT = CustomRule("patient", r"(patient )[A-Z]{2}\d+", r"\1[patient]")


def test_all_standard_rules_hold_where_nothing_is_said() -> None:
    assert Redaction().of("any") is REDACTOR


def test_a_rule_of_everybody_holds_in_every_project() -> None:
    redaction = Redaction(rules=[CUSTOMER], by_project={"billing": [PATIENT], "shop": []})
    for project in ("billing", "shop", "other"):
        assert redaction.of(project).mask("CUST-123456 password=x") == "[customer-id] password=[secret]"


def test_a_rule_of_a_project_holds_there_only() -> None:
    redaction = Redaction(by_project={"clinic": [PATIENT]})
    assert redaction.of("clinic").mask("patient AB12 came") == "patient [patient] came"
    assert redaction.of("shop").mask("patient AB12 came") == "patient AB12 came"


def test_the_entry_of_default_is_for_projects_that_have_none() -> None:
    redaction = Redaction(by_project={"default": [PATIENT], "shop": []})
    assert redaction.of("new").mask("patient AB12") == "patient [patient]"
    assert redaction.of("shop").mask("patient AB12") == "patient AB12"


def test_a_rule_that_is_off_does_not_apply_and_the_others_do() -> None:
    redactor = Redaction(off=["email-address"]).of("any")
    assert redactor.mask("jane@example.com password=x") == "jane@example.com password=[secret]"


def test_the_name_that_a_project_gave_is_kept() -> None:
    redaction = Redaction(rules=[CustomRule("our-token", r"OUR[0-9a-f]{8}")])
    assert redaction.of("any").mask('{"token":"OUR0a1b2c3d"}') == '{"token":"[our-token]"}'


FAULTS: list[
    tuple[Collection[str], Sequence[CustomRule], Mapping[str, Sequence[CustomRule]], list[tuple[str, str]]]
] = [
    (["jwt", "jvt"], [], {}, [("redaction.off[1]", "no standard rule")]),
    ([], [CustomRule("Bad Name", "xyz")], {}, [("redaction.rules[0].name", "no name")]),
    ([], [CustomRule("jwt", "xyz")], {}, [("redaction.rules[0].name", "already")]),
    ([], [CUSTOMER, CUSTOMER], {}, [("redaction.rules[1].name", "already")]),
    ([], [CUSTOMER], {"billing": [PATIENT, CUSTOMER]}, [("projects.billing.redact[1].name", "already")]),
    ([], [], {"a": [CUSTOMER], "b": [CUSTOMER]}, []),
    ([], [CustomRule("open", "(")], {}, [("redaction.rules[0].pattern", "missing )")]),
    ([], [CustomRule("ahead", "a(?=b)")], {}, [("redaction.rules[0].pattern", "lookaround")]),
    ([], [CustomRule("none", "")], {}, [("redaction.rules[0].pattern", "empty text")]),
    ([], [CustomRule("star", "x*")], {}, [("redaction.rules[0].pattern", "empty text")]),
    ([], [CustomRule("edge", r"\b")], {}, [("redaction.rules[0].pattern", "empty text")]),
    ([], [CustomRule("group", "(ab)c", r"\2")], {}, [("redaction.rules[0].replacement", "group of the pattern")]),
    ([], [CustomRule("slash", "abc", "\\n")], {}, [("redaction.rules[0].replacement", "group of the pattern")]),
    ([], [CustomRule("grow", "abc", "abcabc")], {}, [("redaction.rules[0].replacement", "own replacement")]),
    ([], [CustomRule("customer", "customer")], {}, [("redaction.rules[0].replacement", "own replacement")]),
    ([], [CustomRule("same", "abc", "abc")], {}, []),
    ([], [CustomRule("wide", "(?i)secret", "[x]")], {}, [("redaction.rules[0].pattern", "standard rule leaves")]),
    ([], [CUSTOMER, PATIENT], {"billing": [CustomRule("iban", r"DE\d{20}", "[IBAN]")]}, []),
    (
        ["nope"],
        [CustomRule("open", "(")],
        {"p": [CustomRule("A", "zzz")]},
        [("redaction.off[0]", ""), ("redaction.rules[0].pattern", ""), ("projects.p.redact[0].name", "")],
    ),
]


@pytest.mark.parametrize(("off", "rules", "by_project", "expected"), FAULTS)
def test_every_fault_is_named_with_its_path(
    off: Collection[str],
    rules: Sequence[CustomRule],
    by_project: Mapping[str, Sequence[CustomRule]],
    expected: list[tuple[str, str]],
) -> None:
    found = faults(off, rules, by_project)
    assert [path for path, _ in found] == [path for path, _ in expected]
    assert all(words in sentence for (_, sentence), (_, words) in zip(found, expected, strict=True))


def test_what_has_faults_can_not_be_built() -> None:
    with pytest.raises(ValueError, match=r"redaction\.off\[0\]"):
        Redaction(off=["nope"])
