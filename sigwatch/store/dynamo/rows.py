"""Outbox rows as items of the table: their keys, what of them is in the index, and the order in which they go."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from sigwatch.model.message import Delivery, Kind, Notice, Progress
from sigwatch.store.bodies import CARD, CONTENTS, EDITS, dumped, form_of
from sigwatch.store.dynamo.session import Session
from sigwatch.store.dynamo.table import Item, Key

OUTBOX = "OUTBOX#"
"""Begins the partitions, each of one thread."""
WAIT = "OUTBOX"
"""What waits, in the index, for rows that are behind or are to be sent again."""
LANES = "LANE"
DIGESTS = "DIGEST"
"""By the idempotency key of a list's first page, which row that is."""
AGES = "OUTBOX-BY-AGE"
"""First messages of threads, those without a thread too, by when they were made: what is old is found by it."""

POSTS_KEPT_SECONDS = 3 * 86_400
"""How long it is known by time what was posted: rates look back a minute, the search for doubles some hours."""


@dataclass(frozen=True, slots=True)
class Row:
    """An outbox row as it is kept; see `Delivery` for what has the same name there."""

    id: str
    target: str
    destination: str
    kind: str
    form: str
    content: str
    """JSON; what form of it this version does not know is kept as it is."""
    incident: str
    urgency: int
    behind_since_ms: int
    thread: str = ""
    digest: str = ""
    digest_thread: str = ""
    """The thread of the page that shows this card: a page is found by both."""
    members: tuple[str, ...] = ()
    """Ids of the cards that a page shows."""
    oldest_ms: int = 0
    """Since when the first of them waited."""
    revision: int = 1
    delivered: int = 0
    progress: str = Progress.WAITING
    ref: str = ""
    attempts: int = 0
    due_ms: int = 0
    claim: str = ""
    claimed_until_ms: int = 0
    first_attempt_ms: int = 0
    posted_ms: int = 0
    refresh_ms: int = 0
    stand_in: bool = False
    """Another target was told in addition."""

    @property
    def key(self) -> Key:
        """Where it is."""
        return key_of(self)


Look = Callable[[Sequence[Key]], Mapping[Key, Row]]
"""Gives those rows that are there."""

_NAMES = frozenset(field.name for field in fields(Row))
_SHARED = frozenset(field.name for field in fields(Delivery)) & _NAMES - {"kind", "content", "progress"}


def key_of(row: Row | Delivery | Notice) -> Key:
    """Where a row is: together with the first message of its thread and with the others under it."""
    return place(row.target, row.id, row.thread)


def place(target: str, name: str, thread: str = "") -> Key:
    """Where the row of that name is."""
    return f"{OUTBOX}{thread or name}", f"{target}#{name}"


def page_of(card: Row) -> Key | None:
    """Where the page is that shows a card in its place, if any does."""
    return place(card.target, card.digest, card.digest_thread) if card.digest else None


def made(notice: Notice) -> Row:
    """A new row."""
    return Row(
        id=notice.id,
        target=notice.target,
        destination=notice.destination,
        kind=notice.kind,
        form=form_of(notice.content),
        content=dumped(notice.content),
        incident=notice.incident,
        urgency=notice.urgency,
        behind_since_ms=notice.at_ms,
        thread=notice.thread,
    )


def rows_of(items: Iterable[Item]) -> list[Row]:
    """The rows that items hold; what is no row in this version's eyes is left out."""
    return [row for row in map(_row, items) if row is not None]


def _row(item: Item) -> Row | None:
    if not isinstance(item.body, dict):
        return None
    known = {name: value for name, value in item.body.items() if name in _NAMES}
    try:
        return Row(**known | {"members": tuple(known.get("members", ()))})
    except TypeError:
        return None


def find(session: Session, key: Key) -> Row | None:
    """The row there, as the transaction has it."""
    item = session.get(key)
    return next(iter(rows_of([item])), None) if item else None


def looking(session: Session) -> Look:
    """Finds rows as a transaction has them."""
    return lambda keys: by_key(rows_of(session.get_all(keys).values()))


def by_key(rows: Iterable[Row]) -> dict[Key, Row]:
    """Rows by where they are."""
    return {row.key: row for row in rows}


def keep(session: Session, row: Row) -> None:
    """Write a row."""
    item = item_of(row)
    session.put(item.key, item.body, wait=item.wait, wait_order=item.wait_order)


def item_of(row: Row) -> Item:
    """The row as it is kept; it is in the index exactly while there is something to send."""
    body: dict[str, Any] = asdict(row) | {"members": list(row.members)}
    waits = is_behind(row) or row.refresh_ms > 0
    order = f"{row.urgency:02d}#{moment(row.behind_since_ms)}#{row.id}" if waits else ""
    return Item(row.key, body, wait=WAIT if waits else "", wait_order=order)


def is_behind(row: Row) -> bool:
    """Whether the target shows less than it should; of a card on a list the page is behind in its place."""
    return row.delivered < row.revision and not row.digest


def is_wanted(row: Row, now_ms: int) -> bool:
    """Whether there is something to send once its other conditions are met."""
    return row.due_ms <= now_ms and (is_behind(row) or 0 < row.refresh_ms <= now_ms)


def is_untried(row: Row) -> bool:
    """Whether nobody has session to send it."""
    return not row.digest and not row.ref and not row.claim and row.first_attempt_ms == 0


def is_untold(row: Row) -> bool:
    """Whether it is a card without a message of its own, of which no other target was told."""
    return row.form == CARD and not row.ref and not row.stand_in and row.delivered == 0


def ended(row: Row, delivery: Delivery) -> Row:
    """The row once its delivery has ended, with whatever else was changed meanwhile; its claim is given up."""
    return replace(
        row,
        delivered=delivery.delivered,
        progress=delivery.progress,
        ref=delivery.ref,
        attempts=delivery.attempts,
        due_ms=delivery.due_ms,
        first_attempt_ms=delivery.first_attempt_ms,
        posted_ms=delivery.posted_ms,
        refresh_ms=delivery.refresh_ms,
        claim="",
        claimed_until_ms=0,
    )


def lane_of(row: Row | Delivery) -> Key:
    """Where the lane is in which a row is sent."""
    return LANES, f"{row.target}#{EDITS if row.ref else row.destination}"


def age_of(row: Row) -> Key:
    """Where it is noted how old a new row is."""
    return AGES, f"{moment(row.behind_since_ms)}#{row.target}#{row.id}"


def order(row: Row) -> tuple[bool, bool, int, bool, int, str]:
    """News before counts, whatever is worse before the rest, a card before the entries of its thread."""
    return (
        row.ref != "",
        row.kind == Kind.COUNTED,
        row.urgency,
        row.thread != "",
        row.behind_since_ms,
        row.id,
    )


def thread_refs(rows: Iterable[Row], look: Look) -> dict[Key, str]:
    """What the target calls the message that each row goes under; empty where it was not posted yet.

    A thread begins with the card, or with the first page of the digest that shows the card in its place.
    """
    refs: dict[Key, str] = {}
    above = {row.key: place(row.target, row.thread) for row in rows if row.thread}
    while above:
        found = look(list(dict.fromkeys(above.values())))
        further: dict[Key, Key] = {}
        for key, at in above.items():
            row = found.get(at)
            up = _above(row) if row else None
            if up is not None:
                further[key] = up
            else:
                refs[key] = row.ref if row else ""
        above = further
    return refs


def _above(row: Row) -> Key | None:
    return page_of(row) or (place(row.target, row.thread) if row.thread else None)


def delivery_of(row: Row, thread_ref: str = "") -> Delivery:
    """The row as a value.

    Raises:
        ValueError: another version wrote it.
    """
    if row.form not in CONTENTS:
        raise ValueError(row.form)
    return Delivery(
        content=CONTENTS[row.form].validate_json(row.content),
        kind=Kind(row.kind),
        progress=Progress(row.progress),
        thread_ref=thread_ref,
        **{name: getattr(row, name) for name in _SHARED},
    )


def readable(rows: Iterable[Row], refs: Mapping[Key, str] | None = None) -> Iterable[Delivery]:
    """Those rows that this version can read: the others stay in the outbox, and must not hold these up."""
    for row in rows:
        try:
            yield delivery_of(row, (refs or {}).get(row.key, ""))
        except ValueError:
            continue


def posts(target: str) -> str:
    """The partition of what was posted in a target, by time."""
    return f"POSTED#{target}"


def moment(ms: int) -> str:
    """An epoch millisecond as a place in such an order."""
    return f"{max(ms, 0):015d}"


def mark_posted(session: Session, row: Row) -> None:
    """Note when and where a row was posted."""
    mark = post_of(row)
    session.put_blindly(mark.key, mark.body, expires=mark.expires)


def post_of(row: Row) -> Item:
    """The note of when and where a row was posted."""
    body = {"destination": row.destination, "threaded": row.thread != "", "ref": row.ref}
    return Item(
        (posts(row.target), f"{moment(row.posted_ms)}#{row.id}"),
        body | {"id": row.id, "thread": row.thread},
        expires=row.posted_ms // 1000 + POSTS_KEPT_SECONDS,
    )
