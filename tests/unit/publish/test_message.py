"""The words that all targets share."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.model.incident import Reason
from sigwatch.model.knowledge import Step
from sigwatch.model.message import Alert
from sigwatch.publish.words import reasons
from sigwatch.publish.words.fit import clip
from sigwatch.publish.words.inline import Run, plain, runs
from sigwatch.publish.words.message import Fact, excerpt, message
from sigwatch.publish.words.sparkline import sparkline
from sigwatch.publish.words.wording import cut, duration, events, level, ordinal, shorten
from tests.unit.publish.alerts import (
    ACKNOWLEDGED,
    ALERT,
    CLOSED,
    ESCALATED,
    FIRST_MS,
    FIX,
    INCIDENT,
    MINUTE,
    NO_RIS,
    RECOVERED,
    RESOLVED,
    SAMPLE,
    SILENCE,
    SILENCED,
    UNRESOLVED,
    changed,
)

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
    ("number", "said"),
    [(1, "first"), (3, "third"), (10, "tenth"), (11, "11th"), (12, "12th"), (22, "22nd")],
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


def back(date: str = "", previous_days: float | None = None, occurrence: int = 1, resolved: bool = True) -> str:
    """What is said after `open since`."""
    previous = None if previous_days is None else FIRST_MS - int(previous_days * DAY)
    alert = changed(occurrence=occurrence, previous_ms=previous)
    alert = replace(alert, fix=replace(FIX, ris="RIS-7", date=date, resolved=resolved))
    return message(alert).state.removeprefix("open since 06:02:11 UTC").removeprefix(" · ")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (back("2025-12-25", 41, 3), "fixed on 25 December 2025 by RIS-7, back after 41 days, third time"),
        (back("2026-01-01", 34, 2), "fixed on 1 January by RIS-7, back after 34 days, second time"),
        (back("2025-12-25"), "fixed on 25 December 2025 by RIS-7, back after 41 days"),
        (back("2026-02-03"), "fixed on 3 February by RIS-7, back after 1 day"),
        (back("2026-01-01", None, 11), "fixed on 1 January by RIS-7, back after 34 days, 11th time"),
        (back("2025-12-25", 0.05, 4), "back after 1 h 12 min, fourth time; fixed on 25 December 2025 by RIS-7"),
        (back("2026-02-04"), ""),
        (back("2026-05-01", 41, 2), "back after 41 days, second time"),
        (back("early in 2026", 41, 2), "back after 41 days, second time"),
        (back("", 41, 2), "back after 41 days, second time"),
        (back("", None, 3), "third time"),
        (back("2025-12-25", 41, 3, resolved=False), "back after 41 days, third time"),
        (back("2025-12-25", resolved=False), ""),
    ],
)
def test_an_incident_that_came_back(said: str, expected: str) -> None:
    assert said == expected


@pytest.mark.parametrize(
    ("alert", "state"),
    [
        (RESOLVED, "resolved after 12 min · quiet since 06:14:11 UTC"),
        (RECOVERED, "resolved after 12 min · recovered at 06:15:11 UTC: a log line says so"),
        (CLOSED, "resolved after 12 min · closed by ana at 06:22:11 UTC"),
        (changed(RESOLVED, resolution=None), "resolved after 12 min · quiet since 06:14:11 UTC"),
        (changed(last_seen_ms=FIRST_MS + DAY), "open since 06:02:11 UTC on 4 February"),
    ],
)
def test_how_it_stands_and_how_it_ended(alert: Alert, state: str) -> None:
    assert message(alert).state == state


def test_who_did_what_about_it() -> None:
    told = {"silence": SILENCE, "escalated": ESCALATED.incident.escalated}
    every = changed(ACKNOWLEDGED, acknowledged_ms=FIRST_MS - DAY, **told)
    assert message(every).notes == (
        "👀 Acknowledged by jane at 06:02:11 UTC on 3 February",
        "🔕 Silenced by jane until 07:08:11 UTC: deploy is on its way",
        "📈 Escalated: ten times as many events as when it was last told; a second log group has it",
    )
    assert message(ALERT).notes == ()


def test_every_reason_has_words() -> None:
    assert set(reasons.WORDS) == set(Reason)
    for reason in Reason:
        assert reasons.change(INCIDENT, reason, "ana", FIRST_MS).strip()
        assert reasons.change(SILENCED.incident, reason)


def test_words_of_people_are_one_short_line() -> None:
    silence = replace(SILENCE, author="a\x1b[31m\nb" * 100, reason="why\n" * 500)
    (note,) = message(changed(silence=silence)).notes
    assert "\n" not in note
    assert "\x1b" not in note
    assert len(note) < 450


@pytest.mark.parametrize(
    ("histogram", "bars"),
    [
        ((), ""),
        (((100, 1),), ""),
        (((100, 2),), "▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█  peak 2 in 3 min"),
        (((40, 7), (41, 1), (100, 7)), "▂▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█  peak 7 in 3 min"),
        (((98, 100), (99, 100), (100, 112)), "▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█  peak 312 in 3 min"),
        (
            tuple((43 + 3 * bar, bar) for bar in range(20)),
            "▁▂▂▃▃▃▄▄▄▅▅▆▆▆▇▇▇███  peak 19 in 3 min",
        ),
        (((0, 1), (97, 1), (100, 1_000)), "▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▂█  peak 1,000 in 3 min"),
    ],
)
def test_the_last_hour_in_bars(histogram: tuple[tuple[int, int], ...], bars: str) -> None:
    assert sparkline(histogram) == bars


@given(st.lists(st.tuples(st.integers(0, 10**8), st.integers(1, 10**6))).map(sorted))
def test_bars_are_always_an_hour(histogram: list[tuple[int, int]]) -> None:
    bars = sparkline(histogram)
    assert bars == "" or len(bars.split()[0]) == 20
    assert bars == "" or "█" in bars


def test_the_card_gives_a_glimpse_and_the_message_all() -> None:
    told = message(changed(samples=(SAMPLE, "another line")))
    assert told.glimpse == tuple(SAMPLE.splitlines()[:3])
    assert told.samples == (*SAMPLE.splitlines(), "another line")
    assert message(changed(samples=())).glimpse == ()


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
        ("[aws.amazon.com](https://evil.example/x)", [Run("aws.amazon.com (https://evil.example/x)")]),
        ("[see https://a.b/x](https://a.b.evil.example)", [Run("see https://a.b/x (https://a.b.evil.example)")]),
        ("[https://a.b/](https://a.b@evil.example)", [Run("https://a.b/ (https://a.b@evil.example)")]),
        ("[www.a.b/x](https://A.b:8443/y)", [Run("www.a.b/x", url="https://A.b:8443/y")]),
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
