import pytest

from sigwatch.knowledge import markdown
from sigwatch.knowledge.steps import remediation
from sigwatch.model.knowledge import Step


def steps(text: str) -> tuple[Step, ...]:
    return remediation(markdown.parse(text))[0]


def origin(text: str) -> str:
    return remediation(markdown.parse(text))[1]


def test_sections_are_tried_in_order_whatever_their_place() -> None:
    parts = [
        "## Fix\n1. e\n",
        "## Recommended Solution Path\n1. d\n",
        "## Solution Implemented\n1. c\n",
        "## 4. Resolution ✅\n1. b\n",
        "### What to do if this happens again\n1. a\n",
    ]
    for count, wanted in zip(range(5, 0, -1), "abcde", strict=True):
        assert steps("\n".join(parts[:count])) == (Step(wanted),)


def test_the_heading_is_told_as_written() -> None:
    assert origin("## 4. Resolution ✅\n1. b\n") == "4. Resolution ✅"
    assert origin("text") == ""


def test_a_bold_label_in_another_section_opens_the_list() -> None:
    text = "## Quick\n**Error:** `x`\n\n**If This Happens Again:**\n1. Look\n2. Mend `z`\n\n**Then:**\n1. no\n"
    assert steps(text) == (Step("Look"), Step("Mend `z`"))
    assert origin(text) == "If This Happens Again"


def test_a_label_section_ends_at_a_rule() -> None:
    assert steps("**If this happens again**\n\n---\n\n1. no\n") == ()


def test_a_section_without_steps_falls_through() -> None:
    assert steps("## If This Happens Again\n\nSee above.\n\n## Resolution\n1. Restart\n") == (Step("Restart"),)


def test_items_carry_their_code_and_points() -> None:
    text = (
        "## Resolution\n\n1. **Clear** the\n   lock\n   ```bash\n   unlock\n   ```\n\n       indented\n"
        "2. Investigate\n   - download\n   - compare\n     ```\n     diff\n     ```\n"
        "3. Do:\n   1. this\n4. [ ] Tick\n   > aside\n5.\n"
    )
    assert steps(text) == (
        Step("**Clear** the lock", "unlock\n\nindented"),
        Step("Investigate: download; compare", "diff"),
        Step("Do: this"),
        Step("Tick"),
    )


def test_code_that_is_not_indented_belongs_to_the_step_above() -> None:
    text = "## Resolution\n1. One\n```\na\n```\n```\nb\n```\n2. Two\n\nOutput:\n```\nfine\n```\n"
    assert steps(text) == (Step("One", "a\n\nb"), Step("Two"))


def test_lists_under_several_sub_headings_are_all_steps() -> None:
    assert steps("## Resolution\n### Find\n1. a\n### Mend\n1. b\n## Other\n1. c\n") == (Step("a"), Step("b"))


@pytest.mark.parametrize(
    ("titles", "wanted"),
    [
        (("Option 1", "Option 2 (Recommended)"), "2"),
        (("Option A: x (not recommended)", "Option B"), "1"),
        (("Alternative 1", "Alternative 2"), "1"),
    ],
)
def test_one_option_is_taken(titles: tuple[str, str], wanted: str) -> None:
    body = "".join(f"### {title}\n{n}. {n}\n" for n, title in enumerate(titles, 1))
    assert steps(f"## Recommended Solution\n{body}") == (Step(wanted),)


def test_without_a_list_the_code_blocks_are_the_steps() -> None:
    text = (
        "## Solution Implementation\n\n### Emergency\n\n**Commit 2d7e95e:** Add it\n```python\na\n```\n```\nb\n```\n\n"
        "**After:**\n```\nc\n```\n\nThen run `x`\nand wait\n\n```\nd\n```\n\n**Deployment:**\n- Image: y\n\n"
        "### Deploy\n```\ne\n```\n"
    )
    assert steps(text) == (
        Step("**Commit 2d7e95e:** Add it", "a\n\nb"),
        Step("Emergency: After", "c"),
        Step("Then run `x` and wait", "d"),
        Step("Deploy", "e"),
    )


def test_code_right_below_the_heading_and_below_a_bare_label() -> None:
    assert steps("## Resolution\n```\na\n```\n**Next:**\n```\nb\n```\n") == (Step("Resolution", "a"), Step("Next", "b"))


def test_numbered_sub_headings_are_steps_even_without_code() -> None:
    text = "## Resolution\n### Step 1: Look\n\ntext\n```\na\n```\n### 2. Compare\n\nwords\n### Notes\n```\nb\n```\n"
    assert steps(text) == (Step("Look", "a"), Step("Compare"), Step("Notes", "b"))


def test_bullets_are_the_last_resort() -> None:
    assert steps("## Resolution\n- Rolled back\n- Told users\n") == (Step("Rolled back"), Step("Told users"))
