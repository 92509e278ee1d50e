"""Many incidents on few pages, every one of them listed."""

from dataclasses import replace
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigwatch.model.incident import State
from sigwatch.model.message import Alert, Crowd
from sigwatch.publish.slack.blocks import blocks, blocks_with_buttons, plain, validate
from sigwatch.publish.slack.limits import TEXT, texts
from sigwatch.publish.words.listing import FIRST_STEP, LINE, entry, length
from sigwatch.publish.words.paging import pages
from tests.fakes.slack_server import readable
from tests.unit.publish.alerts import ALERT, FIX, NO_RIS, changed, crowd, digest

LONG = replace(
    changed(
        severity="P0", signature="KO-" + "s" * 60, group="/aws/" + "g" * 400, log_groups=("/aws/" + "g" * 400,), count=1
    ),
    title="title " * 40,
    fix=replace(FIX, ris="RIS-" + "r" * 60, steps=(replace(FIX.steps[0], text="step " * 100),)),
)
ALERTS = st.builds(
    lambda base, title, group, ris, severity, count, state: replace(
        changed(base, group=group, severity=severity, count=count, state=state),
        title=title,
        fix=replace(FIX, ris=ris) if ris else None,
    ),
    st.sampled_from([ALERT, LONG, NO_RIS]),
    st.text(max_size=200),
    st.text(max_size=200),
    st.text(max_size=40),
    st.sampled_from(["P0", "P1", "P2", "unrated", "x" * 30]),
    st.integers(0, 10**12),
    st.sampled_from(State),
)


def told(alerts: list[Alert]) -> list[str]:
    """What each page says, checked on the way; as many pages as `pages` wants."""
    counts = pages(alerts)
    assert sum(counts) == len(alerts)
    said = []
    for number, (start, end) in enumerate(pairwise(accumulate(counts, initial=0)), 1):
        page = digest(alerts[start:end], number, len(counts), len(alerts))
        text, body = blocks_with_buttons(page)
        assert validate(text, body) == []
        said.append(readable({"text": text, "blocks": body}))
    return said


def worst(alert: Alert) -> Alert:
    """The alert when its count and state are as long as they get, and its first step is told again."""
    return changed(alert, count=10**9, state=State.ACKNOWLEDGED)


def test_five_hundred_incidents_fit_into_eight_pages() -> None:
    said = told(crowd(500))
    assert len(said) <= 8
    assert [f"-{number:03} " in "".join(said) for number in range(500)] == [True] * 500
    assert not [page for page in said if "… and " in page]


def test_the_worst_come_first_and_with_their_first_step() -> None:
    first, second, *_ = told(crowd(500))
    assert first.count("↳ Check CloudWatch logs for exact error") == sum(
        alert.fix is not None and alert.incident.state is not State.RESOLVED for alert in crowd(500)[:23]
    )
    assert "↳" not in second
    assert first.index("-000 ") < first.index("-001 ") < first.index("-023 ")


@pytest.mark.parametrize("alerts", [crowd(500), [LONG] * 300, crowd(500, urgent=500)], ids=["usual", "long", "urgent"])
def test_a_page_still_holds_its_incidents_when_all_has_changed(alerts: list[Alert]) -> None:
    counts = pages(alerts)
    for number, (start, end) in enumerate(pairwise(accumulate(counts, initial=0)), 1):
        later = [worst(alert) for alert in alerts[start:end]]
        text, body = blocks_with_buttons(digest(later, number, len(counts), len(alerts)))
        assert validate(text, body) == []
        assert not [told for told in texts(body) if told.startswith("… and ")]


@settings(max_examples=60)
@given(st.lists(ALERTS, max_size=6).map(lambda few: few * 40))
def test_every_incident_is_on_a_page_whatever_it_says(alerts: list[Alert]) -> None:
    assert not [page for page in told(alerts) if "\n… and " in page]


@given(ALERTS)
def test_a_line_never_grows_beyond_what_is_kept_for_it(alert: Alert) -> None:
    for later in (alert, worst(alert)):
        listed = entry(later)
        assert len(listed.lead) + len(listed.signature) + len(listed.rest) + 1 <= length(alert) <= LINE
        assert len(listed.first) < FIRST_STEP
        assert "\n" not in listed.rest + listed.first


def test_no_incidents_need_no_page() -> None:
    assert pages([]) == []
    assert pages(crowd(1)) == [1]


def test_a_page_that_documents_made_too_long_counts_what_it_leaves_out() -> None:
    alerts = [LONG] * 200
    text, body = blocks(digest(alerts, 1, 1))
    assert validate(text, body) == []
    assert [told for told in texts(body) if told.startswith("… and ") and told.endswith(" more")]


def test_the_heading_says_how_many_how_bad_and_why_together() -> None:
    _, body = blocks(digest(crowd(30), 1, 4, 500))
    header, mention, why, *_, last = body
    assert header["text"]["text"] == "🔴 500 incidents · P0 3 · P1 20 · P2 7"
    assert mention["text"]["text"] == ALERT.mention
    assert list(texts(why)) == ["So many at once that they are told together."]
    assert last["elements"][0]["text"] == "Page 1 of 4; pages 2 to 4 are in the thread."


@pytest.mark.parametrize("crowded", Crowd)
def test_every_cause_of_a_crowd_has_words(crowded: Crowd) -> None:
    assert blocks(replace(digest(crowd(2)), crowd=crowded))[0].endswith(".")


def test_a_list_is_ticked_off_when_all_is_over() -> None:
    over = [changed(alert, state=State.RESOLVED) for alert in crowd(3)]
    assert blocks(digest(over))[1][0]["text"]["text"].startswith("✅ 3 incidents")
    assert readable({"text": "", "blocks": blocks(digest(over))[1]}).count("✅") == 4


def test_the_plain_form_of_a_list_counts_what_it_leaves_out() -> None:
    text = plain(digest(crowd(100)))
    assert len(text) <= TEXT
    *lines, note = text.split("\n")
    assert note == f"… and {100 - len(lines) + 1} more"
