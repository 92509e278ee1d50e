import pytest

from sigwatch.knowledge.front_matter import Fault, FrontMatter, block_of, read


def front(text: str) -> FrontMatter | Fault | None:
    block = block_of(text)
    return read(block) if block else None


def fault(text: str) -> Fault:
    found = front(text)
    assert isinstance(found, Fault)
    return found


@pytest.mark.parametrize("close", ["---", "--- ", "-----", "..."])
def test_yaml_keys_keep_their_lines(close: str) -> None:
    found = front(f"---\nid: KO-1\n# remark\ntags:\n  - a\n{close}\nbody")
    assert found == FrontMatter({"id": "KO-1", "tags": ["a"]}, {"id": 2, "tags": 4})


def test_json_keys_keep_their_lines() -> None:
    found = front('---\n{\n  "id": "KO-1",\n\n  "more": {"id": [1, {"x": "}"}]},\n  "last" : true\n}\n---\n')
    assert isinstance(found, FrontMatter)
    assert found.lines == {"id": 3, "more": 5, "last": 6}
    assert found.line("absent") == 1


def test_empty_json_object_has_no_keys() -> None:
    assert front("---\n{ }\n---\n") == FrontMatter({}, {})


@pytest.mark.parametrize("text", ["---\nid: a\nid: b\n---", '---\n{"id": "a",\n"id": "b"}\n---'])
def test_a_repeated_key_is_told_with_its_second_line(text: str) -> None:
    found = front(text)
    assert isinstance(found, FrontMatter)
    assert found.repeated == (("id", 3),)


def test_blank_lines_before_it_are_tolerated() -> None:
    found = front("\n\n---\nid: KO-1\n---\n")
    assert isinstance(found, FrontMatter)
    assert found.lines == {"id": 4}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# Title",
        "text\n---\nid: 1\n---",
        "---\njust words\n---",
        "---\n---\n",
        "---\n'quoted: words'\n---",
        "---\n# RIS-1: t\n**Date:** x\n---",
        "---\n\nwords",
    ],
)
def test_what_is_no_front_matter(text: str) -> None:
    assert front(text) is None


def test_invalid_json_names_line_and_cure() -> None:
    found = fault('---\n{\n  "id": "KO-1",\n  "detection_pattern": "a\\.b"\n}\n---\n')
    assert found.line == 4
    assert "backslash twice" in found.message


def test_a_missing_comma_in_json() -> None:
    found = fault('---\n{\n  "id": "KO-1"\n  "title": "t"\n}\n---\n')
    assert (found.line, "column 3" in found.message) == (4, True)


def test_an_unknown_yaml_escape_names_line_and_cure() -> None:
    found = fault('---\nid: KO-1\ndetection_pattern: "a\\.b"\n---\n')
    assert found.line == 3
    assert "single quotes" in found.message


def test_a_colon_in_yaml_text_names_the_cure() -> None:
    assert "between quotes" in fault("---\nid: KO-1\ntitle: ERROR: it broke\n---\n").message


def test_other_bad_yaml() -> None:
    assert fault("---\nid: [KO-1\n---\n").message.endswith("or put the text between quotes")


@pytest.mark.parametrize(
    "value",
    ['!!int ""', "!!bool x", "!!timestamp x", "2026-13-45", "!!python/object:os.system x", "\x00", "*nowhere"],
)
def test_hostile_yaml_is_a_fault(value: str) -> None:
    assert fault(f"---\nid: {value}\n---\n").line >= 2


@pytest.mark.parametrize("value", ["[" * 100_000, "9" * 10_000])
def test_hostile_json_is_a_fault(value: str) -> None:
    assert fault(f'---\n{{"id": {value}\n}}\n---\n').line >= 2


def test_deeply_nested_yaml_is_a_fault() -> None:
    assert fault(f"---\nid: {'[' * 20_000}\n---\n").line >= 2


def test_front_matter_that_is_never_closed() -> None:
    block = block_of("---\nid: KO-1\n\n# Title\nid: no")
    assert block is not None
    assert block.claims_an_id
    assert "\nid: no" not in block.text
    assert "never closed" in fault("---\nid: KO-1\n\n# Title").message
