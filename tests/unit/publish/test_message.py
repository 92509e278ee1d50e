"""The words that all targets share."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.model.knowledge import Step
from sigwatch.publish.fit import STEP_OVERHEAD, clip, fit, weight
from sigwatch.publish.inline import Run, plain, runs
from sigwatch.publish.message import Fact, excerpt, message
from sigwatch.publish.wording import cut, duration, events, level, ordinal, shorten
from tests.unit.publish.alerts import ALERT, BACK, FIX, MINUTE, NO_RIS, RESOLVED, UNRESOLVED, changed

HOUR, DAY = 60 * MINUTE, 24 * 60 * MINUTE


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (-5, "under 1 s"),
        (0, "under 1 s"),
        (999, "under 1 s"),
        (45_000, "45 s"),
        (12 * MINUTE + 59_000, "12 min"),
        (HOUR, "1 h"),
        (3 * HOUR + 20 * MINUTE, "3 h 20 min"),
        (47 * HOUR, "47 h"),
        (48 * HOUR, "2 days"),
        (41 * DAY + HOUR, "41 days"),
    ],
)
def test_durations(ms: int, said: str) -> None:
    assert duration(ms) == said


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (22, "22nd")]
)
def test_ordinals(number: int, said: str) -> None:
    assert ordinal(number) == said


def test_counts() -> None:
    assert [events(count) for count in (0, 1, 1204)] == ["0 events", "1 event", "1,204 events"]


def test_an_open_incident() -> None:
    told = message(ALERT)
    assert told.headline == "P0 · Lambda Lazy Loading Import Patterns and Pitfalls"
    assert (told.mark, told.state) == ("🔴", "open since 06:02:11 UTC")
    assert told.verdict == "Fixed last time by RIS-2026-02-04-001 in 10 minutes"
    assert told.cause == "**Incorrect Import Paths in Lazy Loading Configuration**"
    assert told.facts == (
        Fact("Project", "credentialmate"),
        Fact("Events", "12"),
        Fact("First seen", "2026-02-04 06:02:11 UTC"),
        Fact("Last seen", "2026-02-04 06:06:20 UTC"),
        Fact("Log group", "/aws/lambda/credmate-lambda-prod-BackendApiFunction"),
        Fact("Account", "123456789012 · us-east-1"),
    )
    assert told.summary == (
        "P0 · Lambda Lazy Loading Import Patterns and Pitfalls · credentialmate · 12 events"
        " · open since 06:02:11 UTC · First: Check CloudWatch logs for exact error"
    )


def test_a_resolved_incident_calls_nobody() -> None:
    told = message(RESOLVED)
    assert (told.mark, told.state) == ("✅", "resolved after 12 min · quiet since 06:14:11 UTC")
    assert told.mention == ""
    assert "First:" not in told.summary


def test_an_incident_that_came_back() -> None:
    assert message(BACK).state == "open since 06:02:11 UTC · back after 41 days, 2nd time"
    assert message(changed(occurrence=3)).state == "open since 06:02:11 UTC · 3rd time"


@pytest.mark.parametrize(
    ("severity", "mark"), [("P0", "🔴"), ("P1", "🔴"), ("P2", "🟠"), ("P3", "🟡"), ("P4", "⚪"), ("unrated", "⚪")]
)
def test_severities_have_marks(severity: str, mark: str) -> None:
    assert message(changed(severity=severity)).mark == mark


def test_an_unresolved_ris_recommends() -> None:
    assert message(UNRESOLVED).verdict == "Not yet resolved: RIS-051 recommends"


def test_without_a_ris_there_is_the_prevention_rule() -> None:
    told = message(NO_RIS)
    assert told.verdict == "No RIS yet; prevention rule:"
    assert told.prevention == ALERT.prevention
    assert message(replace(NO_RIS, prevention="")).verdict == "No RIS yet"


def test_a_ris_without_steps_offers_the_prevention_rule() -> None:
    told = message(replace(ALERT, fix=replace(FIX, steps=())))
    assert told.verdict == "RIS-2026-02-04-001 lists no steps; prevention rule:"
    assert told.prevention == ALERT.prevention


def test_without_a_time_to_repair_none_is_said() -> None:
    assert message(replace(ALERT, fix=replace(FIX, mttr=""))).verdict == "Fixed last time by RIS-2026-02-04-001"


def test_many_log_groups_are_counted() -> None:
    told = message(changed(log_groups=tuple("abcde"), group="prod", account=""))
    assert Fact("Log groups", "a, b, c and 2 more") in told.facts
    assert Fact("Grouped by", "prod") in told.facts
    assert Fact("Account", "us-east-1") in told.facts


def test_samples_are_masked_and_bounded() -> None:
    assert excerpt(["password=hunter2\n\n"]) == ("password=[secret]",)
    lines = excerpt([f"line {number}" for number in range(30)])
    assert (len(lines), lines[-1]) == (10, "… 21 more lines")
    assert len(excerpt(["x" * 5_000])[0]) == 400


def test_control_characters_in_documents_go() -> None:
    told = message(replace(ALERT, title="a\x1b[31m\nb", fix=replace(FIX, steps=(Step("do\x00 it", "\nls\x07\n"),))))
    assert told.headline == "P0 · a b"
    assert told.steps == (Step("do it", "ls"),)


def test_prose_ends_after_a_sentence() -> None:
    assert shorten("One is here. Two is there. Three is gone.", 30) == "One is here. Two is there. …"
    assert shorten("word " * 10, 22) == "word word word word…"
    assert shorten("x" * 30, 10) == "x" * 9 + "…"


@given(st.text(), st.integers(0, 50))
def test_nothing_shortened_is_too_long(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit
    assert len(cut(text, limit)) <= limit
    assert len(clip(text, limit)) <= limit


@given(st.lists(st.integers(0, 100)), st.integers(0, 1_000))
def test_a_level_fills_the_room(lengths: list[int], room: int) -> None:
    cap = level(lengths, room)
    assert sum(min(length, cap) for length in lengths) <= room
    if cap < max(lengths, default=0):
        assert sum(min(length, cap + 1) for length in lengths) > room


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Remove `src.` prefix", [Run("Remove "), Run("src.", code=True), Run(" prefix")]),
        ("**Run `x` now**", [Run("Run ", bold=True), Run("x", code=True, bold=True), Run(" now", bold=True)]),
        ("see [the docs](https://a.b/c)", [Run("see "), Run("the docs", url="https://a.b/c")]),
        ("[x](javascript:alert)", [Run("[x](javascript:alert)")]),
        ("edit infra/**/lazy_app.py, **/*_app.py", [Run("edit infra/**/lazy_app.py, **/*_app.py")]),
        ("open __init__.py in *this* dir", [Run("open __init__.py in *this* dir")]),
        ("``a`` ` b", [Run("a", code=True), Run(" ` b")]),
        ("2 ** 3 ** 4", [Run("2 ** 3 ** 4")]),
        ("", []),
    ],
)
def test_inline_markdown(text: str, expected: list[Run]) -> None:
    assert list(runs(text)) == expected


def test_inline_markdown_as_plain_text() -> None:
    assert plain("**Run** `x`, see [docs](https://a.b)") == "Run x, see docs (https://a.b)"


WORDS = st.text(st.characters(codec="utf-8"), max_size=300)
STEPS = st.lists(st.builds(Step, WORDS, WORDS), max_size=30).map(tuple)


@given(STEPS, WORDS, st.lists(WORDS).map(tuple), st.integers(-100, 4_000))
def test_fitting_drops_no_step(steps: tuple[Step, ...], prose: str, samples: tuple[str, ...], limit: int) -> None:
    told = replace(message(ALERT), steps=steps, why=prose, cause=prose, verification=prose, samples=samples)
    fitted = fit(told, limit)
    assert len(fitted.steps) == len(steps)
    assert weight(fitted) <= max(limit, len(steps) * (STEP_OVERHEAD + 1))


def test_things_give_way_in_order() -> None:
    steps = tuple(Step(f"{number} " + "t" * 200, "c" * 200) for number in range(10))
    told = replace(message(ALERT), steps=steps, why="w" * 500, cause="k" * 300, samples=("s" * 100,) * 10)
    full = weight(told)

    def gave_way(limit: int) -> list[str]:
        fitted = fit(told, limit)
        names = [
            name for name in ("samples", "why", "cause", "verification") if getattr(fitted, name) != getattr(told, name)
        ]
        codes = ["code"] if any(step.code != "c" * 200 for step in fitted.steps) else []
        texts = ["text"] if [step.text for step in fitted.steps] != [step.text for step in steps] else []
        return names + codes + texts

    assert gave_way(full) == []
    assert gave_way(full - 1) == ["samples"]
    assert gave_way(full - 1_100) == ["samples", "why"]
    assert gave_way(full - 1_600) == ["samples", "why", "cause"]
    assert gave_way(full - 1_900) == ["samples", "why", "cause", "code"]
    assert gave_way(1_000) == ["samples", "why", "cause", "verification", "code", "text"]
