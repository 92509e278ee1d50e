from collections.abc import Iterable
from dataclasses import replace

import pytest

from sigwatch.chronicle import Chronicle, content_hash
from sigwatch.model.audit import Entry
from sigwatch.model.incident import Matchers, Silence
from sigwatch.model.knowledge import Library, Signature
from sigwatch.store.sqlite import SqliteStore
from tests.fakes.made import ris, signature

SILENCE = Silence("s1", Matchers(signature="KO-1"), "fixed on Monday", "ann", 0, 10**15, source="silences.yaml:3")


class Room:
    def __init__(self) -> None:
        self.store = SqliteStore(":memory:")
        self.now = 1_000.0
        self.chronicle = Chronicle(self.store, lambda: self.now)

    def read(self, *signatures: Signature, silences: tuple[Silence, ...] = ()) -> list[Entry]:
        """What a reading of these documents adds to the trail."""
        before = len(list(self.store.audit(0, 10**15)))
        self.now += 1
        self.chronicle.take_over(Library(signatures, silences=silences, digest="d1"))
        return list(self.store.audit(0, 10**15))[before:]


@pytest.fixture
def room() -> Iterable[Room]:
    made = Room()
    yield made
    made.store.close()


def told(entries: Iterable[Entry]) -> list[tuple[str, str]]:
    return [(entry.action, entry.subject) for entry in entries]


def test_a_first_reading_is_written_down_with_content_hashes(room: Room) -> None:
    draft = signature("KO-2", status="draft")
    reloaded, approved, added = room.read(signature("KO-1"), draft)
    assert told([reloaded, approved, added]) == [("reloaded", "knowledge"), ("approved", "KO-1"), ("added", "KO-2")]
    assert dict(reloaded.detail) == {"digest": "d1", "signatures": "2"}
    assert dict(added.detail) == {"status": "draft", "hash": content_hash(draft), "path": "knowledge/KO-2.md"}
    assert (approved.signature, approved.project, approved.actor) == ("KO-1", "shop", "knowledge")


def test_nothing_new_writes_nothing(room: Room) -> None:
    room.read(signature("KO-1"))
    assert room.read(signature("KO-1")) == []


@pytest.mark.parametrize(
    "changed", [signature("KO-1", title="Other"), signature("KO-1", ris=ris()), signature("KO-1", "ERROR two")]
)
def test_whatever_a_document_says_anew_changes_its_hash(room: Room, changed: Signature) -> None:
    room.read(signature("KO-1"))
    assert told(room.read(changed)) == [("reloaded", "knowledge"), ("changed", "KO-1")]


def test_an_approval_is_told_from_a_change(room: Room) -> None:
    room.read(signature("KO-1", status="draft"))
    assert told(room.read(signature("KO-1")))[1:] == [("approved", "KO-1")]
    assert told(room.read(signature("KO-1", status="retired")))[1:] == [("changed", "KO-1")]


def test_what_is_withdrawn_and_comes_back_is_written_down_each_time(room: Room) -> None:
    room.read(signature("KO-1"))
    assert told(room.read()) == [("reloaded", "knowledge"), ("withdrawn", "KO-1")]
    assert room.read() == []
    assert told(room.read(signature("KO-1")))[1:] == [("approved", "KO-1")]


def test_silences_of_files_hold_while_they_are_there(room: Room) -> None:
    [added] = room.read(silences=(SILENCE,))
    assert (added.action, added.subject, dict(added.detail)["reason"]) == ("silence_added", "s1", "fixed on Monday")
    assert room.read(silences=(SILENCE,)) == []
    with room.store.unit() as unit:
        assert unit.silences(5) == [SILENCE]
    assert told(room.read()) == [("silence_cancelled", "s1")]
    with room.store.unit() as unit:
        assert unit.silences(int(room.now * 1000)) == []
    assert told(room.read(silences=(SILENCE,))) == [("silence_added", "s1")]


def test_a_silence_whose_line_has_moved_is_no_news(room: Room) -> None:
    room.read(silences=(SILENCE,))
    moved = replace(SILENCE, source="silences.yaml:9")
    assert room.read(silences=(moved,)) == []
    with room.store.unit() as unit:
        assert unit.silences(5) == [moved]


def test_silences_of_people_are_left_alone(room: Room) -> None:
    mine = replace(SILENCE, id="s2", source="cli")
    with room.store.unit() as unit:
        unit.put_silence(mine)
    assert room.read() == []
    with room.store.unit() as unit:
        assert unit.silences(5) == [mine]


def test_a_silence_of_a_file_that_somebody_has_ended_does_not_come_back_by_itself(room: Room) -> None:
    room.read(silences=(SILENCE,))
    with room.store.unit() as unit:
        unit.put_silence(replace(SILENCE, cancelled_ms=5, cancelled_by="cli:ann"))
    assert room.read(silences=(SILENCE,)) == []
