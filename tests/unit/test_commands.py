"""What people may do to incidents: each command once, in one transaction, told to whoever shows the incident."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from sigwatch.chat.actions import Acknowledge, AcknowledgeAll, Feedback, SilenceFor
from sigwatch.commands import LONGEST_REASON, Commands, Noted, Silenced
from sigwatch.errors import SigwatchError
from sigwatch.model.audit import Entry
from sigwatch.model.event import Event, IncidentChanged
from sigwatch.model.incident import Decision, Incident, Matchers, Reason, State
from sigwatch.model.message import Alert, Content, Crowd, Digest, Kind, Milestone, Notice, Progress
from sigwatch.publish.key import message_key
from sigwatch.store.sqlite import SqliteStore
from sigwatch.telling import card

NOW_MS = 1_770_199_200_000
HOUR = 3_600
PEOPLE = Matchers(signature="KO-1", project="shop")


class Office:
    """A state with one open incident that Slack and a terminal show, and somebody who gives commands."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.store = SqliteStore(":memory:")
        self.events: list[Event] = []
        self.commands = Commands(self.store, lambda: self.now_ms / 1000, self.events.append, mask)

    def incident(self, name: str = "1", **changes: Any) -> Incident:
        made = Incident(
            id=f"{name:0>16}",
            signature="KO-1",
            project="shop",
            severity="P1",
            group="/aws/lambda/api",
            account="111122223333",
            region="us-east-1",
            log_groups=("/aws/lambda/api",),
            state=State.OPEN,
            count=3,
            first_seen_ms=NOW_MS - 60_000,
            last_seen_ms=NOW_MS - 1_000,
            active_ms=NOW_MS - 1_000,
            opened_ms=NOW_MS - 60_000,
        )
        incident = replace(made, **changes)
        with self.store.unit() as unit:
            unit.put_incident(incident)
            for target in ("slack", "console"):
                alert = Alert(
                    message_key(incident.id, target), incident, "title", "why", "prevent", None, "https://logs"
                )
                for notice in card(Decision(Reason.OPENED, incident), alert, target, "C1", self.now_ms):
                    unit.enqueue(notice)
        return incident

    def recorded(self, incident_id: str) -> Incident:
        with self.store.unit() as unit:
            found = unit.incident_by_id(incident_id)
        assert found is not None
        return found

    def cards(self, incident_id: str) -> dict[str, tuple[State, Reason]]:
        found = {}
        for row in self.store.cards(incident_id):
            assert isinstance(row.content, Alert)
            found[row.target] = row.content.incident.state, row.content.reason
        return found

    def tell(self) -> list[tuple[str, str, Content]]:
        """Show all that is to be shown, and return it: target, id of the row, content."""
        told = []
        while due := self.store.deliveries.due(self.now_ms, 0):
            held = self.store.deliveries.claim(due[0], "nonce", self.now_ms, self.now_ms + 1, 0)
            assert held is not None
            told.append((held.target, held.id, held.content))
            sent = replace(held, delivered=held.revision, progress=Progress.SENT, ref=held.ref or f"ref of {held.id}")
            assert self.store.deliveries.settle(sent)
        return told

    def trail(self, subject: str) -> list[tuple[str, str]]:
        return [(entry.actor, entry.action) for entry in self.entries(subject)]

    def entries(self, subject: str) -> list[Entry]:
        return list(self.store.audit(0, 2**62, subject=subject))


def mask(project: str, text: str) -> str:
    return text.replace("hunter2", f"[{project}]")


@pytest.fixture
def office() -> Iterator[Office]:
    made = Office()
    yield made
    made.store.close()


def test_acknowledging_writes_the_incident_its_cards_and_the_trail_together(office: Office) -> None:
    incident = office.incident()
    office.now_ms += 5_000
    decision = office.commands.acknowledge(incident.id, "cli:jane")
    assert (decision.reason, decision.actor) == (Reason.ACKNOWLEDGED, "cli:jane")
    assert office.recorded(incident.id) == decision.incident
    assert decision.incident.acknowledged_by == "cli:jane"
    assert decision.incident.acknowledged_ms == NOW_MS + 5_000
    shown = (State.ACKNOWLEDGED, Reason.ACKNOWLEDGED)
    assert office.cards(incident.id) == {"slack": shown, "console": shown}
    assert office.trail(incident.id) == [("cli:jane", "acknowledged")]
    assert office.events == [IncidentChanged(decision)]


def test_acknowledging_is_told_on_each_card_and_in_the_thread_of_whoever_has_threads(office: Office) -> None:
    incident = office.incident()
    office.tell()
    office.commands.acknowledge(incident.id, "slack:jane")
    told = office.tell()
    assert sorted((target, type(content).__name__) for target, _, content in told) == [
        ("console", "Alert"),
        ("slack", "Alert"),
        ("slack", "Milestone"),
    ]
    [milestone] = [content for _, _, content in told if isinstance(content, Milestone)]
    assert (milestone.reason, milestone.actor, milestone.mention) == (Reason.ACKNOWLEDGED, "slack:jane", "")


def test_closing_ends_an_incident_whoever_looks_after_it(office: Office) -> None:
    incident = office.incident()
    office.commands.acknowledge(incident.id, "cli:jane")
    decision = office.commands.close(incident.id, "cli:joe")
    assert decision.reason is Reason.CLOSED
    ended = office.recorded(incident.id)
    assert (ended.state, ended.resolution, ended.closed_by) == (State.RESOLVED, Reason.CLOSED, "cli:joe")
    assert office.trail(incident.id) == [("cli:jane", "acknowledged"), ("cli:joe", "closed")]
    assert set(office.cards(incident.id).values()) == {(State.RESOLVED, Reason.CLOSED)}


@pytest.mark.parametrize("command", [Commands.acknowledge, Commands.close])
def test_what_is_asked_twice_is_done_and_told_once(
    office: Office, command: Callable[[Commands, str, str], Decision]
) -> None:
    incident = office.incident()
    first = command(office.commands, incident.id, "cli:jane")
    office.tell()
    office.now_ms += 60_000
    again = command(office.commands, incident.id, "slack:joe")
    assert again == Decision(Reason.ALREADY_SO, first.incident, "slack:joe")
    assert office.recorded(incident.id) == first.incident
    assert len(office.trail(incident.id)) == 1
    assert office.tell() == []
    assert office.events == [IncidentChanged(first)]


def test_what_is_over_can_not_be_acknowledged(office: Office) -> None:
    incident = office.incident(state=State.RESOLVED, resolved_ms=NOW_MS)
    assert office.commands.acknowledge(incident.id, "cli:jane").reason is Reason.ALREADY_SO
    assert office.recorded(incident.id) == incident


def test_a_failure_half_way_leaves_nothing(office: Office) -> None:
    incident = office.incident()
    with office.store._transaction() as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON outbox BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    with pytest.raises(SigwatchError, match="disk is full"):
        office.commands.acknowledge(incident.id, "cli:jane")
    assert office.recorded(incident.id) == incident
    assert office.trail(incident.id) == []
    assert office.events == []


@pytest.mark.parametrize(
    "command",
    [
        lambda commands: commands.acknowledge("nothing\x1b[31m" + "x" * 200, "cli:jane"),
        lambda commands: commands.close("nothing", "cli:jane"),
        lambda commands: commands.feedback("nothing", True, "slack:jane"),
        lambda commands: commands.silence_incident("nothing", HOUR, "slack:jane"),
    ],
)
def test_an_unknown_incident_is_named_with_the_way_to_list_them(
    office: Office, command: Callable[[Commands], Any]
) -> None:
    office.incident()
    with pytest.raises(
        SigwatchError, match=r"there is no incident 'nothing.*`sigwatch incidents --state all` lists all"
    ) as error:
        command(office.commands)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 200


def test_a_silence_is_written_with_its_reason_and_leaves_incidents_to_the_next_look(office: Office) -> None:
    incident = office.incident()
    office.tell()
    done = office.commands.silence(PEOPLE, 2 * HOUR, "deploy of 5.2", "Jane", "cli", "cli:jane")
    assert done.reason is Reason.SILENCED
    silence = done.silence
    assert (silence.matchers, silence.reason, silence.author, silence.source) == (
        PEOPLE,
        "deploy of 5.2",
        "Jane",
        "cli",
    )
    assert (silence.starts_ms, silence.ends_ms) == (NOW_MS, NOW_MS + 2 * HOUR * 1000)
    assert office.store.all_silences() == [silence]
    assert office.recorded(incident.id) == incident
    assert office.tell() == []
    [entry] = office.entries(silence.id)
    assert (entry.actor, entry.action, entry.signature, entry.project) == ("cli:jane", "silence_added", "KO-1", "shop")
    assert dict(entry.detail)["reason"] == "deploy of 5.2"


def test_what_people_write_is_masked_cleaned_and_cut(office: Office) -> None:
    reason = "password\thunter2\r\n\x1b[31mred \u202e\u200b" + "x" * 1_000
    silence = office.commands.silence(PEOPLE, HOUR, reason, "Ja\x07ne hunter2", "cli", "cli:jane").silence
    assert silence.reason.startswith("password [shop] [31mred xxx")
    assert len(silence.reason) == LONGEST_REASON
    assert silence.author == "Jane [shop]"
    [entry] = office.entries(silence.id)
    assert "hunter2" not in str(entry)


@pytest.mark.parametrize(("later", "seconds"), [(0, HOUR), (30_000, HOUR), (0, HOUR // 2), (HOUR * 500, HOUR // 4)])
def test_a_silence_that_does_what_is_wanted_is_not_written_again(office: Office, later: int, seconds: int) -> None:
    first = office.commands.silence(PEOPLE, HOUR, "one", "Jane", "cli", "cli:jane").silence
    office.now_ms += later
    again = office.commands.silence(PEOPLE, seconds, "two", "Joe", "slack", "slack:joe")
    assert again == Silenced(Reason.ALREADY_SO, first)
    assert office.store.all_silences() == [first]


@pytest.mark.parametrize(
    ("later", "seconds", "matchers"),
    [
        (120_000, HOUR, PEOPLE),
        (0, 2 * HOUR, PEOPLE),
        (0, HOUR, replace(PEOPLE, severity="P1")),
        (HOUR * 1000, 10, PEOPLE),
    ],
)
def test_a_silence_that_lasts_longer_or_is_for_something_else_is_another_one(
    office: Office, later: int, seconds: int, matchers: Matchers
) -> None:
    office.commands.silence(PEOPLE, HOUR, "one", "Jane", "cli", "cli:jane")
    office.now_ms += later
    assert office.commands.silence(matchers, seconds, "two", "Jane", "cli", "cli:jane").reason is Reason.SILENCED
    assert len(office.store.all_silences()) == 2


@pytest.mark.parametrize(
    ("seconds", "reason", "author", "words"),
    [
        (0, "deploy", "Jane", "it would never hold"),
        (31 * 24 * HOUR, "deploy", "Jane", "longer than 30 days"),
        (HOUR, "\x00 \n", "Jane", "needs a reason"),
        (HOUR, "deploy", "\u200b", "needs an author"),
    ],
)
def test_a_silence_that_must_not_be_is_refused_with_the_reason(
    office: Office, seconds: int, reason: str, author: str, words: str
) -> None:
    with pytest.raises(SigwatchError, match=words):
        office.commands.silence(PEOPLE, seconds, reason, author, "cli", "cli:jane")
    assert office.store.all_silences() == []


def test_a_silence_ends_when_somebody_says_so_once(office: Office) -> None:
    silence = office.commands.silence(PEOPLE, HOUR, "one", "Jane", "cli", "cli:jane").silence
    office.now_ms += 60_000
    done = office.commands.expire(silence.id, "cli:joe")
    assert done.reason is Reason.SILENCE_ENDED
    assert done.silence == replace(silence, cancelled_ms=office.now_ms, cancelled_by="cli:joe")
    assert not done.silence.active(office.now_ms)
    assert office.commands.expire(silence.id, "cli:jane") == Silenced(Reason.ALREADY_SO, done.silence)
    assert office.trail(silence.id) == [("cli:jane", "silence_added"), ("cli:joe", "silence_cancelled")]
    with pytest.raises(SigwatchError, match="there is no silence 'x'; `sigwatch silence list --all` lists all"):
        office.commands.expire("x", "cli:joe")


def test_a_silence_that_has_run_out_can_not_be_ended(office: Office) -> None:
    silence = office.commands.silence(PEOPLE, HOUR, "one", "Jane", "cli", "cli:jane").silence
    office.now_ms = silence.ends_ms
    assert office.commands.expire(silence.id, "cli:joe") == Silenced(Reason.ALREADY_SO, silence)
    assert office.trail(silence.id) == [("cli:jane", "silence_added")]


@pytest.mark.parametrize(
    ("groups", "glob"), [(("/a/b",), "/a/b"), (("/a/[b]*",), "/a/[[]b][*]"), (("/a", "/b"), "*"), ((), "*")]
)
def test_a_silence_from_a_button_is_for_what_the_incident_is_about(
    office: Office, groups: tuple[str, ...], glob: str
) -> None:
    incident = office.incident(log_groups=groups)
    done = office.commands.silence_incident(incident.id, 86_400, "slack:jane")
    assert done.silence.matchers == Matchers("KO-1", "shop", "*", glob)
    assert (done.silence.reason, done.silence.author) == ("silenced from Slack for 24 h", "jane")
    assert (done.silence.source, office.trail(done.silence.id)) == ("slack", [("slack:jane", "silence_added")])


def test_feedback_of_one_person_counts_once_and_the_last_word_holds(office: Office) -> None:
    incident = office.incident()
    office.tell()
    for helped, who in ((True, "slack:jane"), (True, "slack:jane"), (True, "slack:joe"), (False, "slack:jane")):
        office.commands.feedback(incident.id, helped, who)
    again = office.commands.feedback(incident.id, False, "slack:jane")
    assert again == Noted(Reason.ALREADY_SO, office.entries(incident.id)[-1])
    assert office.trail(incident.id) == [
        ("slack:jane", "helped"),
        ("slack:joe", "helped"),
        ("slack:jane", "did_not_help"),
    ]
    assert office.recorded(incident.id) == incident
    assert office.tell() == []


def gathered(office: Office, *pages: tuple[Incident, ...]) -> str:
    """Put incidents on pages of a digest in Slack, and return the first page's key."""
    members = [row for page in pages for told in page for row in office.store.cards(told.id) if row.target == "slack"]
    notices = []
    for number, page in enumerate(pages, 1):
        name = f"digest/{number}"
        content = Digest(message_key(name, "slack"), Crowd.MANY_AT_ONCE, number, len(pages), len(members))
        thread = "digest/1" if number > 1 else ""
        notice = Notice(name, "slack", "C1", Kind.OPENED, content, thread=thread, at_ms=office.now_ms)
        notices.append((notice, [told.id for told in page]))
    assert office.store.deliveries.gather(members, notices) == len(members)
    return notices[0][0].content.key


def test_all_incidents_of_a_digest_are_acknowledged_and_no_others(office: Office) -> None:
    first, second, third, other = (office.incident(name, group=name) for name in "1234")
    key = gathered(office, (first, second), (third,))
    office.commands.close(second.id, "cli:joe")
    done = office.commands.acknowledge_all(key, "slack:jane")
    assert {d.incident.id for d in done if d.reason is Reason.ACKNOWLEDGED} == {first.id, third.id}
    assert [office.recorded(i.id).state for i in (first, second, third, other)] == [
        State.ACKNOWLEDGED,
        State.RESOLVED,
        State.ACKNOWLEDGED,
        State.OPEN,
    ]
    assert {d.reason for d in office.commands.acknowledge_all(key, "slack:joe")} == {Reason.ALREADY_SO}
    assert office.commands.acknowledge_all("another", "slack:jane") == ()


def test_each_request_from_a_button_is_carried_out(office: Office) -> None:
    incident = office.incident()
    key = gathered(office, (incident,))
    [silenced] = office.commands.carry_out(SilenceFor(incident.id, HOUR), "slack:jane")
    assert silenced.reason is Reason.SILENCED
    [noted] = office.commands.carry_out(Feedback(incident.id, helped=False), "slack:jane")
    assert noted.reason is None
    [done] = office.commands.carry_out(AcknowledgeAll(key), "slack:jane")
    assert done.reason is Reason.ACKNOWLEDGED
    [again] = office.commands.carry_out(Acknowledge(incident.id), "slack:jane")
    assert again.reason is Reason.ALREADY_SO
    assert [action for _, action in office.trail(incident.id)] == ["did_not_help", "acknowledged"]
