"""What goes under a card, and remarks."""

from dataclasses import replace

import pytest

from sigwatch.model.incident import Reason
from sigwatch.publish.slack.blocks import blocks, plain, validate
from sigwatch.publish.slack.limits import TEXT, texts
from sigwatch.publish.slack.thread import LINES
from tests.unit.publish.alerts import ALERT, CLOSED, MILESTONES, REMARK, SAMPLE, changed, milestone


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (Reason.OPENED, "🔴 Opened at 06:02:11 UTC"),
        (Reason.RECURRED, "🔴 Back at 06:02:11 UTC after 41 days, third time"),
        (Reason.REOPENED, "🔴 Opened again at 06:07:11 UTC: it came back within the quiet period"),
        (Reason.GREW_TENFOLD, "📈 Escalated at 06:22:11 UTC: ten times as many events as when it was last told"),
        (Reason.SPREAD, "📈 Escalated at 06:24:11 UTC: a second log group has it"),
        (
            Reason.UNACKNOWLEDGED,
            "⏰ Escalated at 06:17:11 UTC: nobody has acknowledged it for as long as its severity allows",
        ),
        (Reason.ACKNOWLEDGED, "👀 Acknowledged by jane at 06:05:11 UTC"),
        (Reason.SILENCED, "🔕 Silenced by jane until 07:08:11 UTC: deploy is on its way"),
        (Reason.SILENCE_ENDED, "🔔 Silence ended by ana at 06:42:11 UTC"),
        (Reason.RESOLVED, "✅ Resolved after 12 min · quiet since 06:14:11 UTC"),
        (Reason.RECOVERED, "✅ Resolved after 12 min · recovered at 06:15:11 UTC: a log line says so"),
        (Reason.CLOSED, "✅ Resolved after 12 min · closed by ana at 06:22:11 UTC"),
    ],
)
def test_an_entry_says_what_who_and_when(reason: Reason, said: str) -> None:
    text, body = blocks(MILESTONES[reason])
    assert said in texts(body)
    assert said in text


@pytest.mark.parametrize("reason", MILESTONES)
def test_entries_that_begin_it_bring_the_log_lines(reason: Reason) -> None:
    body = blocks(MILESTONES[reason])[1]
    lines = [
        element["elements"][0]["text"]
        for block in body
        if block["type"] == "rich_text"
        for element in block["elements"]
        if element["type"] == "rich_text_preformatted"
    ]
    assert lines == ([SAMPLE] if reason in {Reason.OPENED, Reason.RECURRED, Reason.FOUND_LATER} else [])


@pytest.mark.parametrize("reason", MILESTONES)
def test_escalations_call_and_nothing_else_does(reason: Reason) -> None:
    text, body = blocks(MILESTONES[reason])
    escalates = reason in {Reason.GREW_TENFOLD, Reason.SPREAD, Reason.UNACKNOWLEDGED}
    assert (ALERT.mention in text, ALERT.mention in texts(body)) == (escalates, escalates)


def test_a_spread_names_the_log_groups() -> None:
    said = list(texts(blocks(MILESTONES[Reason.SPREAD])[1]))
    assert [told for told in said if "WorkerFunction" in told and "BackendApiFunction" in told]


def test_a_spread_over_log_groups_without_a_name_is_still_told() -> None:
    assert validate(*blocks(milestone(Reason.SPREAD, changed(log_groups=("\u200b",))))) == []


def test_as_many_log_lines_as_fit_are_shown_and_the_rest_counted() -> None:
    few = blocks(milestone(Reason.OPENED, changed(samples=tuple(f"line {number}" for number in range(LINES + 5)))))
    wide = blocks(milestone(Reason.OPENED, changed(samples=("x" * 5_000,) * 20)))
    for text, body in (few, wide):
        assert validate(text, body) == []
    assert "line 58\n… 6 more lines" in list(texts(few[1]))[-1]
    assert list(texts(wide[1]))[-1].count("x" * 999) == 7
    assert list(texts(wide[1]))[-1].endswith("… 13 more lines")


def test_secrets_in_log_lines_do_not_get_there() -> None:
    body = blocks(milestone(Reason.OPENED, changed(samples=("password=hunter2 \x1b[31mred",))))[1]
    assert "password=[secret] red" in texts(body)


def test_the_plain_form_of_an_entry_is_a_line() -> None:
    assert plain(milestone(Reason.CLOSED, CLOSED, "slack:jane")) == (
        "✅ Resolved after 12 min · closed by jane at 06:07:11 UTC · 1,204 events"
        " · P0 · Lambda Lazy Loading Import Patterns and Pitfalls"
    )


def test_a_remark_is_a_section_in_which_nothing_is_parsed() -> None:
    text, (section,) = blocks(REMARK)
    assert text == plain(REMARK) == section["text"]["text"] == f"{REMARK.title}\n{REMARK.text}"
    assert (section["type"], section["text"]["type"]) == ("section", "plain_text")


def test_a_remark_of_any_length_is_one_message() -> None:
    endless = replace(REMARK, text="<word> & " * 2_000)
    assert validate(*blocks(endless)) == []
    assert len(plain(endless)) <= TEXT
