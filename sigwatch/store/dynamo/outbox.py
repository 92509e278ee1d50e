"""The outbox in DynamoDB, as whoever sends from it sees it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial

from sigwatch.errors import Conflict, TooMuch
from sigwatch.model.audit import Entry
from sigwatch.model.message import Delivery, Notice, Progress
from sigwatch.ports import Clock
from sigwatch.store.bodies import CARD, DIGEST, FIRST_OF_LANE
from sigwatch.store.dynamo.enqueue import all_free, enqueue, free_cards, list_on, superseded, with_members
from sigwatch.store.dynamo.rows import (
    WAIT,
    Look,
    Row,
    by_key,
    ended,
    find,
    is_behind,
    is_untold,
    is_untried,
    is_wanted,
    keep,
    key_of,
    lane_of,
    mark_posted,
    moment,
    order,
    page_of,
    place,
    posts,
    readable,
    rows_of,
    thread_refs,
)
from sigwatch.store.dynamo.session import Session, session
from sigwatch.store.dynamo.table import MOST_ITEMS, Key, Table
from sigwatch.transaction import settled

Record = Callable[[Session, Entry], None]
"""Adds to the audit trail, in a transaction."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the index gave."""

    after: object
    """The newest change of this process that came before."""
    until: float
    rows: tuple[Row, ...]


class DynamoOutbox:
    """See `ports.Deliveries`. Safe to use from several threads and processes.

    The index tells what waits, a moment late: whatever is written is decided on again by the rows themselves.
    """

    def __init__(
        self, table: Table, nonce: Callable[[], str], monotonic: Clock, record: Record, fresh_for: float = 0.0
    ) -> None:
        """Use the table of the whole state.

        Args:
            table: of the whole state.
            nonce: a new unguessable name for each commit.
            monotonic: seconds that only grow.
            record: adds to the audit trail.
            fresh_for: seconds for which what waits is not asked again, unless this process has changed it: each look
                is paid for.
        """
        self._table = table
        self._nonce = nonce
        self._monotonic = monotonic
        self._record = record
        self._fresh_for = fresh_for
        self._last_change = object()
        self._seen = _Seen(object(), 0.0, ())

    def changed(self) -> None:
        """This process has changed the outbox by a transaction of its own: what waits is looked up anew."""
        self._last_change = object()

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """A transaction, after which what waits is looked up anew: what one fails by is news as well."""
        try:
            with session(self._table, self._nonce) as begun:
                yield begun
        finally:
            self.changed()

    def _waiting(self) -> tuple[Row, ...]:
        seen, last, now = self._seen, self._last_change, self._monotonic()
        if seen.after is not last or now >= seen.until:
            rows = tuple(rows_of(self._table.waiting(WAIT)))
            self._seen = seen = _Seen(last, now + self._fresh_for, rows)
        return seen.rows

    def _look(self, known: Sequence[Row] = ()) -> Look:
        """Finds rows among known ones, and the others in the table."""
        have = by_key(known)

        def look(keys: Sequence[Key]) -> dict[Key, Row]:
            missing = [key for key in keys if key not in have]
            if missing:
                have.update(by_key(rows_of(self._table.get(missing).values())))
            return {key: have[key] for key in keys if key in have}

        return look

    def due(self, now_ms: int, settle_ms: int) -> list[Delivery]:
        """See `ports.Deliveries.due`."""
        waiting = self._waiting()
        wanted = [
            row
            for row in waiting
            if is_wanted(row, now_ms) and (not row.claim or row.claimed_until_ms + settle_ms <= now_ms)
        ]
        if not wanted:
            return []
        rested = {item.key for item in self._table.query(lane_of(wanted[0])[0]) if item.body["next_ms"] > now_ms}
        free = [row for row in wanted if lane_of(row) not in rested]
        # A first message that was not posted yet waits as well, so that most threads are told without reading.
        refs = thread_refs(free, self._look(waiting))
        ready = sorted((row for row in free if not row.thread or refs[row.key]), key=order)
        taken: Counter[Key] = Counter()
        found = []
        for row in ready:
            if taken[lane_of(row)] < FIRST_OF_LANE:
                for delivery in readable([row], refs):
                    taken[lane_of(row)] += 1
                    found.append(delivery)
        return found

    def claim(self, delivery: Delivery, nonce: str, now_ms: int, until_ms: int, gap_ms: int) -> Delivery | None:
        """See `ports.Deliveries.claim`."""
        try:
            with self._session() as begun:
                row = find(begun, key_of(delivery))
                if row is None or row.claim != delivery.claim or not is_wanted(row, now_ms):
                    return None
                lane = begun.get(lane_of(row))
                if lane is not None and lane.body["next_ms"] > now_ms:
                    return None
                taken = replace(
                    row,
                    claim=nonce,
                    claimed_until_ms=until_ms,
                    progress=Progress.CLAIMED,
                    attempts=row.attempts + 1,
                    first_attempt_ms=row.first_attempt_ms or (0 if row.ref else now_ms),
                )
                value = with_members(begun, taken)
                if value is not None:
                    keep(begun, taken)
                    if gap_ms:
                        begun.put(lane_of(row), {"next_ms": now_ms + gap_ms})
                return value
        except Conflict:
            return None

    def settle(self, delivery: Delivery, entries: Sequence[Entry] = ()) -> bool:
        """See `ports.Deliveries.settle`.

        Where the entries are more than one transaction takes, the last ones go with the outcome and the others before
        it: after a crash in between they are written twice rather than never.
        """
        return self._settle(delivery, entries, partial(_outcome, delivery))

    def _settle(self, delivery: Delivery, entries: Sequence[Entry], write: Callable[[Session, Row], None]) -> bool:
        try:
            return bool(settled(partial(self._while_claimed, delivery, entries, write)))
        except TooMuch:
            half = len(entries) // 2
            if not half:
                raise
            before = self._settle(delivery, entries[:half], _unchanged)
            return before and self._settle(delivery, entries[half:], write)

    def _while_claimed(
        self, delivery: Delivery, entries: Sequence[Entry], write: Callable[[Session, Row], None]
    ) -> bool:
        with self._session() as begun:
            row = find(begun, key_of(delivery))
            if row is None or row.claim != delivery.claim:
                return False
            write(begun, row)
            for entry in entries:
                self._record(begun, entry)
            return True

    def rest(self, delivery: Delivery, until_ms: int) -> None:
        """See `ports.Deliveries.rest`."""
        settled(partial(self._rest, lane_of(delivery), until_ms))

    def _rest(self, lane: Key, until_ms: int) -> None:
        with self._session() as begun:
            found = begun.get(lane)
            if found is None or found.body["next_ms"] < until_ms:
                begun.put(lane, {"next_ms": until_ms})

    def unposted(self) -> list[Delivery]:
        """See `ports.Deliveries.unposted`."""
        found = [row for row in self._waiting() if row.form == CARD and is_untried(row) and is_behind(row)]
        return list(readable(sorted(found, key=order)))

    def posted_since(self, target: str, destination: str, since_ms: int) -> int:
        """See `ports.Deliveries.posted_since`; of the last three days."""
        found = self._table.query(posts(target), moment(since_ms))
        return sum(post.body["destination"] == destination and not post.body["threaded"] for post in found)

    def destinations(self, target: str, since_ms: int) -> list[str]:
        """See `ports.Deliveries.destinations`; of the last three days."""
        return sorted({post.body["destination"] for post in self._table.query(posts(target), moment(since_ms))})

    def gather(self, members: Sequence[Delivery], pages: Sequence[tuple[Notice, Sequence[str]]]) -> int:
        """See `ports.Deliveries.gather`.

        What is more than one transaction takes is gathered part by part, each with its cards: a card that somebody
        begins to post between two of them has a message of its own, and is not counted.
        """
        with suppress(TooMuch):
            if len(members) < MOST_ITEMS:
                return int(settled(partial(self._gather, members, pages)))
        return self._gather_in_parts(members, pages)

    def _gather(self, members: Sequence[Delivery], pages: Sequence[tuple[Notice, Sequence[str]]]) -> int:
        with self._session() as begun:
            if not all_free(begun, members):
                return 0
            threads = [row for member in members for row in superseded(begun, member)]
            for page, names in pages:
                list_on(begun, page, free_cards(begun, page.target, names))
            for row in threads:
                begun.delete(row.key)
            return len(members)

    def _gather_in_parts(self, members: Sequence[Delivery], pages: Sequence[tuple[Notice, Sequence[str]]]) -> int:
        if not all_free(Session(self._table), members):
            return 0
        count = sum(self._gather_part(page, names) for page, names in pages)
        for member in members:
            settled(partial(self._clear_thread, member))
        return count

    def _gather_part(self, page: Notice, names: Sequence[str]) -> int:
        try:
            return int(settled(partial(self._list_on, page, names)))
        except TooMuch:
            half = len(names) // 2
            if not half:
                raise
            return self._gather_part(page, names[:half]) + self._gather_part(page, names[half:])

    def _list_on(self, page: Notice, names: Sequence[str]) -> int:
        with self._session() as begun:
            free = free_cards(begun, page.target, names)
            # Under a first page that is not there nothing would ever be shown.
            if not free or (page.thread and find(begun, place(page.target, page.thread)) is None):
                return 0
            list_on(begun, page, free)
            return len(free)

    def _clear_thread(self, member: Delivery) -> None:
        with self._session() as begun:
            threads = superseded(begun, member)
            card = find(begun, key_of(member))
            for row in threads if card and card.digest else ():
                begun.delete(row.key)

    def rename(self, target: str, ref: str, other: str) -> None:
        """See `ports.Deliveries.rename`; of what was posted in the last three days, or is yet to be edited."""
        marks = [post for post in self._table.query(posts(target)) if post.body["ref"] == ref]
        keys = {place(target, mark.body["id"], mark.body["thread"]): mark.key for mark in marks}
        found = [row for row in self._waiting() if row.target == target and row.ref == ref]
        for key in {**dict.fromkeys(row.key for row in found), **keys}:
            settled(partial(self._rename, key, keys.get(key), ref, other))

    def _rename(self, key: Key, mark: Key | None, ref: str, other: str) -> None:
        with self._session() as begun:
            row = find(begun, key)
            if row is None or row.ref != ref:
                return
            # What it shows may be older than what the other one showed.
            renamed = replace(row, ref=other, revision=row.revision + 1)
            keep(begun, renamed)
            if mark is not None:
                mark_posted(begun, renamed)

    def overdue(self, before_ms: int) -> list[Delivery]:
        """See `ports.Deliveries.overdue`."""
        waiting = self._waiting()
        pages = {
            row.id: row for row in waiting if row.form == DIGEST and not row.ref and 0 < row.oldest_ms <= before_ms
        }
        gathered = self._look()([place(page.target, name) for page in pages.values() for name in page.members])
        alone = [row for row in waiting if not row.digest]
        found = [*alone, *(row for row in gathered.values() if row.digest in pages)]
        late = [row for row in found if is_untold(row) and row.behind_since_ms <= before_ms]
        return list(readable(sorted(late, key=order)))

    def fall_back(self, delivery: Delivery, notice: Notice) -> bool:
        """See `ports.Deliveries.fall_back`; False too where a message has come to show it meanwhile."""
        return bool(settled(partial(self._fall_back, delivery, notice)))

    def _fall_back(self, delivery: Delivery, notice: Notice) -> bool:
        with self._session() as begun:
            row = find(begun, key_of(delivery))
            at = page_of(row) if row else None
            page = find(begun, at) if at else None
            if row is None or not is_untold(row) or (page and page.ref):
                return False
            keep(begun, replace(row, stand_in=True))
            if begun.get(key_of(notice)) is None:
                enqueue(begun, notice)
            return True

    def outbox(self, now_ms: int) -> tuple[int, float]:
        """See `ports.Deliveries.outbox`."""
        since = [row.behind_since_ms for row in self._waiting() if is_behind(row)]
        return len(since), max(0.0, (now_ms - min(since)) / 1000) if since else 0.0


def _outcome(delivery: Delivery, begun: Session, row: Row) -> None:
    """Write how a delivery ended, and where and when it was posted if it was now."""
    after = ended(row, delivery)
    keep(begun, after)
    if after.posted_ms and not row.posted_ms:
        mark_posted(begun, after)


def _unchanged(begun: Session, row: Row) -> None:
    """Have the commit fail where the row, and so perhaps its claim, has changed."""
    item = begun.get(row.key)
    begun.require(row.key, item.by if item else "")
