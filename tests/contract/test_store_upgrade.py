"""States of earlier versions go on where they stood."""

import json
import sqlite3
from pathlib import Path

import pytest

from sigwatch.errors import StoreError
from sigwatch.model.coverage import Coverage
from sigwatch.model.incident import Incident
from sigwatch.model.message import Alert, Kind, Progress
from sigwatch.store.sqlite import SqliteStore
from tests.contract.stores import KEY, accept, alert, card, due, enqueue, entry, incident
from tests.fakes.made import API

CURSORS = """
CREATE TABLE cursors (
  pass TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, log_group TEXT NOT NULL, second INTEGER NOT NULL,
  PRIMARY KEY (pass, account, region, log_group)
) STRICT, WITHOUT ROWID;
"""
COVERAGE = """
CREATE TABLE facts (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO facts VALUES ('installation', 'abcd1234');
CREATE TABLE coverage (
  pass TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, log_group TEXT NOT NULL,
  start INTEGER NOT NULL, "end" INTEGER NOT NULL, PRIMARY KEY (pass, account, region, log_group, start)
) STRICT, WITHOUT ROWID;
"""
BOTH = """
CREATE TABLE hits (
  identity TEXT NOT NULL PRIMARY KEY, signature TEXT NOT NULL, ts_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX hits_by_time ON hits (ts_ms);
CREATE TABLE incidents (
  id TEXT NOT NULL PRIMARY KEY, signature TEXT NOT NULL, grouping TEXT NOT NULL,
  occurrence INTEGER NOT NULL, state TEXT NOT NULL, first_seen_ms INTEGER NOT NULL, body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX incidents_by_group ON incidents (signature, grouping, occurrence);
CREATE INDEX incidents_by_state ON incidents (state);
CREATE TABLE outbox (
  incident TEXT NOT NULL, target TEXT NOT NULL, destination TEXT NOT NULL,
  kind TEXT NOT NULL, alert TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1, delivered INTEGER NOT NULL DEFAULT 0,
  progress TEXT NOT NULL DEFAULT 'waiting', ref TEXT NOT NULL DEFAULT '',
  attempts INTEGER NOT NULL DEFAULT 0, due_ms INTEGER NOT NULL DEFAULT 0,
  claim TEXT NOT NULL DEFAULT '', claimed_until_ms INTEGER NOT NULL DEFAULT 0,
  first_attempt_ms INTEGER NOT NULL DEFAULT 0,
  behind_since_ms INTEGER NOT NULL,
  PRIMARY KEY (incident, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_behind ON outbox (due_ms) WHERE delivered < revision;
"""
SENT, UNSENT = incident(1_000), incident(2_000)


def body(told: Incident) -> dict[str, object]:
    """An incident as versions 1 and 2 wrote it."""
    return {
        "id": told.id, "signature": told.signature, "project": "shop", "severity": "P1", "group": API,
        "account": "111122223333", "region": "us-east-1", "log_groups": [API], "state": "open", "count": 1,
        "first_seen_ms": told.first_seen_ms, "last_seen_ms": told.last_seen_ms, "active_ms": told.active_ms,
        "resolved_ms": None, "occurrence": 1, "previous_ms": None, "samples": [],
    }  # fmt: skip


def card_of(told: Incident) -> str:
    """A card as versions 1 and 2 wrote it."""
    key = alert(told).key
    words = {"title": "title", "why_it_matters": "why", "prevention": "prevention", "logs_url": "https://logs"}
    return json.dumps({"key": key, "incident": body(told), "fix": None, "mention": "", **words})


def write(path: Path, version: int) -> None:
    """A state with one card that was sent and one that was not."""
    old = sqlite3.connect(path)
    old.executescript((CURSORS if version == 1 else COVERAGE) + BOTH)
    if version == 1:
        old.execute("INSERT INTO cursors VALUES (?, ?, ?, ?, 70)", KEY)
    else:
        old.execute("INSERT INTO coverage VALUES (?, ?, ?, ?, 50, 70)", KEY)
    for told, ref in ((SENT, "ts-1"), (UNSENT, "")):
        values = told.id, told.signature, API, 1, "open", told.first_seen_ms, json.dumps(body(told))
        old.execute("INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        old.execute(
            "INSERT INTO outbox (incident, target, destination, kind, alert, delivered, progress, ref,"
            " first_attempt_ms, behind_since_ms) VALUES (?, 'slack', 'C1', 'opened', ?, ?, ?, ?, ?, ?)",
            (told.id, card_of(told), bool(ref), "sent" if ref else "waiting", ref, 6_000 if ref else 0, told.active_ms),
        )
    old.execute(f"PRAGMA user_version = {version}")
    old.commit()
    old.close()


@pytest.mark.parametrize(("version", "span"), [(1, (70, 70)), (2, (50, 70))])
def test_an_older_state_goes_on_where_it_stood(tmp_path: Path, version: int, span: tuple[int, int]) -> None:
    write(tmp_path / "state.db", version)
    for _ in range(2):
        opened = SqliteStore(tmp_path / "state.db")
        assert opened.coverage() == {KEY: Coverage((span,))}
        assert opened.unresolved() == [SENT, UNSENT]
        [sent], [unsent] = opened.cards(SENT.id), opened.cards(UNSENT.id)
        assert (sent.ref, sent.delivered, sent.progress, sent.first_attempt_ms) == ("ts-1", 1, Progress.SENT, 6_000)
        assert (unsent.ref, unsent.delivered, unsent.progress) == ("", 0, Progress.WAITING)
        assert [row.content for row in (sent, unsent)] == [alert(SENT), alert(UNSENT)]
        opened.close()


@pytest.mark.parametrize("version", [1, 2])
def test_what_an_older_state_had_not_sent_is_posted_and_the_rest_is_edited(tmp_path: Path, version: int) -> None:
    write(tmp_path / "state.db", version)
    opened = SqliteStore(tmp_path / "state.db")
    [row] = opened.deliveries.unposted()
    assert (row.id, row.destination) == (UNSENT.id, "C1")
    accept(opened, row)
    enqueue(opened, card(SENT, Kind.RESOLVED, destination="C2"), entry(SENT))
    post, edit = due(opened)
    assert (post.thread_ref, edit.ref, edit.destination, edit.kind) == ("ts-1", "ts-1", "C1", Kind.RESOLVED)
    assert isinstance(edit.content, Alert)
    opened.close()


def test_an_upgraded_state_keeps_its_name(tmp_path: Path) -> None:
    write(tmp_path / "state.db", 2)
    opened = SqliteStore(tmp_path / "state.db")
    assert opened.installation == "abcd1234"
    opened.close()


@pytest.mark.parametrize("version", [1, 2])
def test_an_upgrade_that_fails_midway_leaves_the_state_as_it_was(tmp_path: Path, version: int) -> None:
    write(tmp_path / "state.db", version)
    # A row that the new table does not take stops the upgrade after everything else was changed.
    old = sqlite3.connect(tmp_path / "state.db")
    old.execute("CREATE TABLE outbox_before (id TEXT)" if version == 1 else "CREATE TABLE lanes (target TEXT)")
    old.execute("CREATE TABLE silences (id TEXT)")
    old.commit()
    before = list(old.iterdump())
    with pytest.raises(StoreError, match="can not be opened"):
        SqliteStore(tmp_path / "state.db")
    assert list(old.iterdump()) == before
    assert old.execute("PRAGMA user_version").fetchone() == (version,)
    for table in ("silences", "outbox_before" if version == 1 else "lanes"):
        old.execute(f"DROP TABLE {table}")
    old.commit()
    old.close()
    opened = SqliteStore(tmp_path / "state.db")
    assert len(opened.deliveries.unposted()) == 1
    opened.close()
