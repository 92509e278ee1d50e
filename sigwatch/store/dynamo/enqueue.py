"""What transactions do with the outbox: rows made, renewed and dropped, cards and lists looked up."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from sigwatch.errors import Conflict
from sigwatch.model.incident import Incident
from sigwatch.model.message import Alert, Delivery, Digest, Kind, Milestone, Notice
from sigwatch.store.bodies import CARD, DIGEST, dumped
from sigwatch.store.dynamo.rows import (
    AGES,
    DIGESTS,
    Row,
    age_of,
    find,
    is_untried,
    keep,
    key_of,
    looking,
    made,
    moment,
    page_of,
    place,
    readable,
    rows_of,
    thread_refs,
)
from sigwatch.store.dynamo.session import Session
from sigwatch.store.dynamo.session import session as transaction
from sigwatch.store.dynamo.table import Item, Table

MOST_DROPPED = 90
"""Rows under one message that go at once: one transaction takes a hundred changes."""


def enqueue(session: Session, notice: Notice) -> None:
    """See `ports.Unit.enqueue`."""
    if isinstance(notice.content, Alert):
        _show(session, notice)
    elif (not isinstance(notice.content, Milestone) or _has_thread(session, notice)) and not _known(session, notice):
        _insert(session, notice, made(notice))


def _known(session: Session, notice: Notice) -> bool:
    return session.get(key_of(notice)) is not None


def _has_thread(session: Session, notice: Notice) -> bool:
    """Whether an entry is wanted there: the thread of a digest is for what calls people again."""
    card = find(session, place(notice.target, notice.thread))
    return card is not None and (not card.digest or notice.kind is Kind.ESCALATED)


def _show(session: Session, notice: Notice) -> None:
    row = find(session, key_of(notice))
    if row is None:
        _insert(session, notice, made(notice))
        return
    behind = row.delivered < row.revision
    changed = replace(
        row,
        content=dumped(notice.content),
        revision=row.revision + 1,
        urgency=notice.urgency,
        # What is yet to be told stays news, whatever is counted after it.
        kind=row.kind if behind and notice.kind is Kind.COUNTED else notice.kind,
        due_ms=row.due_ms if behind else 0,
        behind_since_ms=row.behind_since_ms if behind else notice.at_ms,
    )
    keep(session, changed)
    at = page_of(row)
    page = find(session, at) if at else None
    if page is not None:
        keep(session, _renewed(page, notice))


def _renewed(page: Row, notice: Notice) -> Row:
    """A page that is to be shown anew, because one of its cards has changed."""
    behind = page.delivered < page.revision
    return replace(
        page,
        revision=page.revision + 1,
        kind=page.kind if behind and page.kind != Kind.COUNTED else notice.kind,
        behind_since_ms=page.behind_since_ms if behind else notice.at_ms,
    )


def _insert(session: Session, notice: Notice, row: Row) -> None:
    keep(session, row)
    if not row.thread:
        listing = notice.content.key if isinstance(notice.content, Digest) else ""
        session.put_blindly(age_of(row), {"id": row.id, "target": row.target, "digest": listing})
        if listing:
            session.put_blindly((DIGESTS, listing), {"id": row.id, "target": row.target})


def list_on(session: Session, page: Notice, cards: Sequence[Row]) -> None:
    """Show cards on a page, new or made before, in place of messages of their own."""
    row = find(session, key_of(page))
    names = tuple(card.id for card in cards)
    oldest_ms = min(card.behind_since_ms for card in cards)
    if row is None:
        _insert(session, page, replace(made(page), members=names, oldest_ms=oldest_ms))
    else:
        oldest_ms = min(oldest_ms, row.oldest_ms)
        keep(session, replace(row, members=row.members + names, oldest_ms=oldest_ms, revision=row.revision + 1))
    for card in cards:
        keep(session, replace(card, digest=page.id, digest_thread=page.thread))


def members_of(session: Session, page: Row) -> list[Row]:
    """The cards that a page shows, most urgent first."""
    keys = [place(page.target, name) for name in page.members]
    found = [row for row in rows_of(session.get_all(keys).values()) if row.digest == page.id]
    return sorted(found, key=lambda row: (row.urgency, row.behind_since_ms, row.id))


def valued(session: Session, row: Row) -> Delivery | None:
    """The row with what its thread is called; None where another version wrote it."""
    return next(iter(readable([row], thread_refs([row], looking(session)))), None)


def cards(session: Session, incident: str) -> list[Delivery]:
    """See `ports.Unit.cards`: the id of a card is that of its incident, see `telling.card`."""
    pk, _ = place("", incident)
    found = [row for row in rows_of(session.partition(pk)) if row.form == CARD and row.incident == incident]
    return list(readable(sorted(found, key=lambda row: row.target)))


def listed(session: Session, key: str) -> list[str]:
    """Ids of the incidents that a digest lists on all of its pages, most urgent first; see `ports.Unit.gathered`."""
    noted = session.get((DIGESTS, key))
    if noted is None:
        return []
    first, target = str(noted.body["id"]), str(noted.body["target"])
    pk, _ = place(target, first)
    pages = [row for row in rows_of(session.partition(pk)) if row.form == DIGEST and row.target == target]
    looking(session)([place(target, name) for page in pages for name in page.members])
    found = {(card.urgency, card.incident) for page in pages for card in members_of(session, page)}
    return [incident for _, incident in sorted(found)]


def gathered(session: Session, key: str, incident_of: Callable[[str], Incident | None]) -> list[Incident]:
    """See `ports.Unit.gathered`; `incident_of` reads an incident in the same transaction."""
    return [incident for incident in map(incident_of, listed(session, key)) if incident is not None]


def with_members(session: Session, row: Row) -> Delivery | None:
    """The row as a value, a page with its cards as they are now."""
    value = valued(session, row)
    if value is None or not isinstance(value.content, Digest):
        return value
    found = readable(members_of(session, row))
    alerts = tuple(card.content for card in found if isinstance(card.content, Alert))
    return replace(value, content=replace(value.content, alerts=alerts))


def all_free(session: Session, members: Sequence[Delivery]) -> bool:
    """Whether nobody has begun to post any of these cards, nor gathered it."""
    found = looking(session)([key_of(member) for member in members])
    return sum(row.form == CARD and is_untried(row) for row in found.values()) == len(members)


def free_cards(session: Session, target: str, names: Sequence[str]) -> list[Row]:
    """Those of the cards of these names, likewise."""
    found = looking(session)([place(target, name) for name in names]).values()
    return [row for row in found if row.form == CARD and is_untried(row)]


def superseded(session: Session, member: Delivery) -> list[Row]:
    """What of a card's thread is not shown once the card is on a page: all but what calls people again."""
    rows = rows_of(session.partition(key_of(member)[0]))
    return [
        row
        for row in rows
        if row.target == member.target and row.thread == member.id and row.kind != Kind.ESCALATED and is_untried(row)
    ]


def prune_notifications(table: Table, nonce: Callable[[], str], before_ms: int, is_over: Callable[[str], bool]) -> int:
    """Drop rows of incidents that are over, and what belongs to none, and return how many.

    Never what is yet to be told, nor what others need: a page goes after its cards, the first message of a thread with
    or after the rest. What somebody changes at the same time is left for another time.

    Args:
        table: of the whole state.
        nonce: a new unguessable name for each commit.
        before_ms: what has something to show since then or later stays.
        is_over: whether the incident with an id has been over since before then, or is not known.

    Raises:
        StoreError: the state can not be read or written; what was dropped until then is gone.
    """
    marks = list(table.query(AGES, until=moment(before_ms)))
    return sum(_prune(table, nonce, mark, partial(_is_old, before_ms, is_over)) for mark in marks)


def _prune(table: Table, nonce: Callable[[], str], mark: Item, is_old: Callable[[Session, Row], bool]) -> int:
    """Drop what is old of a first message and all under it, and the mark with the message."""
    target, name = str(mark.body["target"]), str(mark.body["id"])
    first, prefix = place(target, name), place(target, "")[1]
    try:
        with transaction(table, nonce) as begun:
            items = [item for item in begun.partition(first[0]) if item.key[1].startswith(prefix)]
            old = {row.key: row for row in rows_of(items) if is_old(begun, row)}
            under = [key for key in old if key != first][:MOST_DROPPED]
            for key in under:
                begun.delete(key)
            if first not in old or len(items) > len(under) + 1:
                return len(under)
            begun.delete(first)
            begun.delete_blindly(mark.key)
            if mark.body["digest"]:
                begun.delete_blindly((DIGESTS, mark.body["digest"]))
            return len(under) + 1
    except Conflict:
        return 0


def _is_old(before_ms: int, is_over: Callable[[str], bool], session: Session, row: Row) -> bool:
    if row.claim or row.behind_since_ms >= before_ms or (row.incident and not is_over(row.incident)):
        return False
    at = page_of(row)
    shown_by = find(session, at) if at else row
    shown = shown_by is not None and shown_by.delivered >= shown_by.revision
    return shown and not members_of(session, row)
