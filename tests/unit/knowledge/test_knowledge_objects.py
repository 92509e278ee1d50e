import pytest

from sigwatch.knowledge import knowledge_object
from sigwatch.knowledge.document import parse
from sigwatch.knowledge.patterns import PatternJudge
from sigwatch.model.knowledge import KnowledgeObject, Problem, Ris, Signature, errors

BASE = "---\nid: KO-x-1\ntitle: T\nstatus: approved\ndetection_pattern: 'ERROR boom'\n"


def read(text: str, judge: PatternJudge) -> tuple[KnowledgeObject | None, list[Problem]]:
    """The object, or None where it is set aside."""
    learned, problems = knowledge_object.read(parse("ko.md", text), judge)
    return (learned.ko if learned and not errors(problems) else None), problems


def good(text: str, judge: PatternJudge) -> KnowledgeObject:
    ko, problems = read(text, judge)
    assert problems == []
    assert ko is not None
    return ko


def test_the_least_document_and_its_defaults(judge: PatternJudge) -> None:
    ko = good(BASE + "---\n", judge)
    assert ko == KnowledgeObject(
        "KO-x-1", "T", "ko.md", status="approved", detection_pattern="ERROR boom", pattern_line=5
    )


def test_every_key(judge: PatternJudge) -> None:
    ko = good(
        BASE + "project: shop\nwhat_was_learned: w\nwhy_it_matters: y\nprevention_rule: p\ntags: a, b\n"
        "created_at: 2026-02-04\napproved_at: 2026-02-04T06:30:22\nfile_patterns: '*.{py,md}'\nseverity: high\n"
        "log_groups: /aws/lambda/x\nris: [RIS-1, RIS-2]\n"
        "resolved_pattern: 'INFO fine'\ngroup_by: [log_group, user.id]\n---\n",
        judge,
    )
    assert (ko.project, ko.what_was_learned, ko.why_it_matters, ko.prevention_rule) == ("shop", "w", "y", "p")
    assert (ko.created_at, ko.approved_at) == ("2026-02-04", "2026-02-04T06:30:22")
    assert (ko.tags, ko.file_patterns, ko.log_groups) == (("a", "b"), ("*.{py,md}",), ("/aws/lambda/x",))
    assert (ko.severity, ko.ris) == ("P1", ("RIS-1", "RIS-2"))
    assert (ko.resolved_pattern, ko.group_by) == ("INFO fine", ("log_group", "user.id"))


def test_nothing_counts_as_absent(judge: PatternJudge) -> None:
    text = (
        BASE.replace("approved", "draft").replace("'ERROR boom'", "null") + "approved_at:\ntags:\nfile_patterns: ''\n"
    )
    ko = good(text + "severity: ''\n---\n", judge)
    assert (ko.detection_pattern, ko.approved_at, ko.tags, ko.file_patterns, ko.severity) == ("", "", (), (), "")


def test_prose_is_mended_and_the_pattern_is_not(judge: PatternJudge) -> None:
    damaged = "a → b".encode().decode("mac_roman")
    ko = good(f"---\nid: KO-1\ntitle: {damaged}\nstatus: Draft\ndetection_pattern: '{damaged}'\n---\n", judge)
    assert (ko.title, ko.detection_pattern, ko.status) == ("a → b", damaged, "draft")


def test_a_block_scalar_pattern_loses_its_line_break(judge: PatternJudge) -> None:
    assert good(BASE.replace("'ERROR boom'", "|\n  ERROR boom") + "---\n", judge).detection_pattern == "ERROR boom"


def test_five_faults_give_five_problems_on_their_lines(judge: PatternJudge) -> None:
    text = "---\nid: KO 1\ntitle: 5\nstatus: live\ntags: [a, 7]\nseverity: awful\ncreated_at: true\nris: {a: b}\n---\n"
    ko, problems = read(text, judge)
    assert ko is None
    assert [(p.line, p.field) for p in sorted(problems)] == [
        (2, "id"),
        (3, "title"),
        (4, "status"),
        (5, "tags"),
        (6, "severity"),
        (7, "created_at"),
        (8, "ris"),
    ]
    told = "\n".join(p.message for p in sorted(problems))
    for words in (
        "one word",
        "not a number: put it between quotes",
        "not 'live'",
        "item 2 must be text",
        "'awful' is no severity",
        "not a yes/no",
        "a text or a list",
    ):
        assert words in told


def test_a_bad_pattern_is_told_beside_other_faults(judge: PatternJudge) -> None:
    _, problems = read("---\nid: KO 1\ntitle: T\nstatus: draft\ndetection_pattern: .*\n---\n", judge)
    assert [(p.line, p.field) for p in problems] == [(2, "id"), (5, "detection_pattern")]


def test_required_keys_are_asked_for(judge: PatternJudge) -> None:
    _, problems = read("---\ndetection_pattern: x\ntitle: ' '\n---\n", judge)
    assert sorted((p.line, p.field) for p in problems) == [(1, "id"), (1, "status"), (3, "title")]


def test_other_wrong_types_name_their_cure(judge: PatternJudge) -> None:
    _, problems = read("---\nid: [KO-1]\ntitle: 2026-01-01\nstatus: 3\ndetection_pattern: x\n---\n", judge)
    told = {p.field: p.message for p in problems}
    assert "not a list: write one text, between quotes" in told["id"]
    assert "not a date" in told["title"]
    assert told["status"].startswith("must be 'draft'")


def test_text_with_lone_surrogates_is_refused(judge: PatternJudge) -> None:
    _, problems = read('---\n{"id": "KO-1", "title": "\\ud800", "status": "draft"}\n---\n', judge)
    assert [p.field for p in problems] == ["title"]
    assert "not usable" in problems[0].message


def test_an_approved_object_needs_a_pattern(judge: PatternJudge) -> None:
    ko, problems = read("---\nid: KO-1\ntitle: T\nstatus: approved\n---\n", judge)
    assert ko is None
    assert [(p.field, p.level) for p in problems] == [("detection_pattern", "error")]


def test_a_misspelt_key_is_guessed(judge: PatternJudge) -> None:
    ko, problems = read("---\nid: KO-1\ntitle: T\nstatus: draft\ndetection_patern: x\nowner: me\n---\n", judge)
    assert ko is not None
    assert [(p.line, p.field, p.level) for p in problems] == [(5, "detection_patern", "warning")]
    assert "did you mean detection_pattern?" in problems[0].message


def test_a_repeated_key_is_a_warning(judge: PatternJudge) -> None:
    _, problems = read(BASE + "title: U\n---\n", judge)
    assert [(p.line, p.field, p.level) for p in problems] == [(6, "title", "warning")]


@pytest.mark.parametrize(("pattern", "words"), [("a(", "can not compile"), (".*", "every line"), ("x?", "every line")])
def test_a_useless_pattern_is_an_error_at_its_line(pattern: str, words: str, judge: PatternJudge) -> None:
    ko, problems = read(BASE.replace("ERROR boom", pattern) + "---\n\n## Must Match\n\n```\nno\n```\n", judge)
    assert ko is None
    assert [(p.line, words in p.message) for p in problems] == [(5, True)]


@pytest.mark.parametrize(
    ("wanted", "unwanted"), [("Must Match", "Must Not Match"), ("Lines that must-match", "lines that must not match")]
)
def test_examples_are_whole_events(wanted: str, unwanted: str, judge: PatternJudge) -> None:
    body = f"## {wanted}\n\n```\nERROR boom\n  at x\n```\n\n- one more\n  ```text\n  ERROR boom 2\n  ```\n"
    ko = good(BASE + "---\n" + body + f"### {unwanted}\n".replace("###", "##") + "\n    INFO boom\n", judge)
    assert ko.must_match == ("ERROR boom\n  at x", "ERROR boom 2")
    assert ko.must_not_match == ("INFO boom",)


def test_examples_that_fail_are_errors_at_their_lines(judge: PatternJudge) -> None:
    body = "## Must Match\n```\nfine\n```\n## Must Not Match\n```\nERROR boom\n```\n"
    ko, problems = read(BASE + "---\n" + body, judge)
    assert ko is None
    assert [(p.line, p.field) for p in problems] == [(9, "Must Match"), (13, "Must Not Match")]


def test_a_judge_that_gives_up_on_an_example_is_heard() -> None:
    def weary(pattern: str, text: str) -> bool:
        if text:
            raise ValueError("took too long: simplify it")
        return False

    ko, problems = read(BASE + "---\n## Must Match\n```\nERROR boom\n```\n", weary)
    assert ko is None
    assert [p.message for p in problems] == ["took too long: simplify it"]


def test_an_example_section_without_code_is_a_warning(judge: PatternJudge) -> None:
    ko, problems = read(BASE + "---\n## Must Match\n\nERROR boom\n", judge)
    assert ko is not None
    assert [(p.line, p.level) for p in problems] == [(7, "warning")]


def test_another_pattern_in_the_body_is_a_warning(judge: PatternJudge) -> None:
    ko, problems = read(BASE + "---\n## Detection Pattern\n```\nERROR bang\n```\n", judge)
    assert ko is not None
    assert ko.detection_pattern == "ERROR boom"
    assert [(p.line, p.level) for p in problems] == [(9, "warning")]
    good(BASE + "---\n## Detection Pattern\n```\nERROR boom\n```\n", judge)


@pytest.mark.parametrize(("pattern", "words"), [("a(", "can not compile"), (".*", "every line"), ("x?", "every line")])
def test_a_useless_resolved_pattern_is_an_error_at_its_own_line(pattern: str, words: str, judge: PatternJudge) -> None:
    ko, problems = read(BASE + f"resolved_pattern: '{pattern}'\n---\n", judge)
    assert ko is None
    assert [(p.line, p.field, words in p.message) for p in problems] == [(6, "resolved_pattern", True)]


def test_both_patterns_are_told_at_once_and_beside_other_faults(judge: PatternJudge) -> None:
    text = "---\nid: KO 1\ntitle: T\nstatus: draft\nresolved_pattern: (\ndetection_pattern: .*\n---\n"
    _, problems = read(text, judge)
    assert sorted((p.line, p.field) for p in problems) == [(2, "id"), (5, "resolved_pattern"), (6, "detection_pattern")]


def test_an_event_that_begins_an_incident_must_not_end_it(judge: PatternJudge) -> None:
    body = "## Must Match\n```\nERROR boom\n```\n## Must Not Match\n```\nboom is over\n```\n"
    ko, problems = read(BASE + "resolved_pattern: boom\n---\n" + body, judge)
    assert ko is None
    assert [(p.line, p.field, "would end the incident" in p.message) for p in problems] == [(10, "Must Match", True)]
    assert good(BASE + "resolved_pattern: boom is over\n---\n" + body, judge).must_match == ("ERROR boom",)


def test_a_judge_that_gives_up_on_the_resolved_pattern_is_heard() -> None:
    def weary(pattern: str, text: str) -> bool:
        if pattern == "slow" and "boom" in text:
            raise ValueError("took too long: simplify it")
        return "boom" in text

    _, problems = read(BASE + "resolved_pattern: slow\n---\n## Must Match\n```\nERROR boom\n```\n", weary)
    assert [(p.line, p.message) for p in problems] == [(10, "took too long: simplify it")]


def test_what_can_not_be_grouped_by_is_an_error(judge: PatternJudge) -> None:
    assert good(BASE + "group_by: log_group, user.id,@tenant-id\n---\n", judge).group_by == (
        "log_group",
        "user.id",
        "@tenant-id",
    )
    ko, problems = read(BASE + "group_by: [log_group, 9lives]\n---\n", judge)
    assert ko is None
    assert [(p.line, p.field) for p in problems] == [(6, "group_by")]
    assert "'9lives' is nothing to group by; write log_group" in problems[0].message


def test_the_new_keys_are_guessed_too(judge: PatternJudge) -> None:
    _, problems = read(BASE + "resolvd_pattern: x\ngroupby: x\n---\n", judge)
    assert [p.message.rpartition(" ")[2] for p in problems] == ["resolved_pattern?", "group_by?"]


def test_the_companion_looks_for_the_end_in_the_same_place(judge: PatternJudge) -> None:
    more = "resolved_pattern: INFO fine\nproject: shop\nlog_groups: /a\ngroup_by: user\n---\n"
    ko = good(BASE + more + "## Must Match\n```\nERROR boom\n```\n", judge)
    ris = Ris("RIS-1", "t", "r.md", "", severity="P1", log_groups=("/b",))
    companion = Signature(ko, ris=ris).recovery
    assert companion is not None
    assert (companion.id, companion.pattern, companion.recovers) == ("KO-x-1/resolved", "INFO fine", "KO-x-1")
    assert (companion.project, companion.ko.log_groups, companion.ris, companion.approved) == (
        "shop",
        ("/a",),
        ris,
        True,
    )
    assert (companion.ko.group_by, companion.ko.must_match, companion.ko.resolved_pattern) == (("user",), (), "")
    assert companion.recovery is None
    assert Signature(good(BASE + "---\n", judge)).recovery is None
