"""Messages go out."""

from collections.abc import Sequence
from typing import Protocol

from sigwatch.model.audit import Entry
from sigwatch.model.message import Content, Delivery, Notice


class Deliveries(Protocol):
    """The outbox, as whoever sends from it sees it.

    A lane is what a target limits the rate of: one for new messages in each destination, one for all edits.
    """

    def due(self, now_ms: int, settle_ms: int) -> list[Delivery]:
        """Deliveries with something to show whose time has come, most urgent first; of each lane the first few.

        A row whose claim ran out counts only `settle_ms` after that, when the target's history can be trusted. One that
        goes into a thread waits for the thread's first message. What a digest shows in its place is not due.
        """

    def claim(self, delivery: Delivery, nonce: str, now_ms: int, until_ms: int, gap_ms: int) -> Delivery | None:
        """Take a row for this worker, counting the attempt, and its lane for `gap_ms`.

        None if somebody else was faster, it is no longer due, or its lane is not free. A first try to post is stamped
        with `now_ms`. A digest comes with the newest cards of its incidents.
        """

    def settle(self, delivery: Delivery, entries: Sequence[Entry] = ()) -> bool:
        """Write the outcome of a claimed row and give up the claim; False if the claim was lost meanwhile."""

    def rest(self, delivery: Delivery, until_ms: int) -> None:
        """Leave the lane of a row alone until then."""

    def unposted(self) -> list[Delivery]:
        """Cards that no target has shown and nobody is trying to, most urgent first."""

    def posted_since(self, target: str, destination: str, since_ms: int) -> int:
        """Messages that a destination has got since then, those in threads aside."""

    def gather(self, members: Sequence[Delivery], pages: Sequence[tuple[Notice, Sequence[str]]]) -> int:
        """Put pages of a digest, each given with the ids of its cards, in place of cards, and return how many.

        Where somebody has begun to post one of them meanwhile none is gathered, and 0 returned.
        """

    def destinations(self, target: str, since_ms: int) -> list[str]:
        """Where in a target something was posted since then."""

    def rename(self, target: str, ref: str, other: str) -> None:
        """What the target calls `ref` is another message from now on: the first one is gone."""

    def overdue(self, before_ms: int) -> list[Delivery]:
        """Cards that have waited since then or longer without a message that shows them, and have no stand-in."""

    def fall_back(self, delivery: Delivery, notice: Notice) -> bool:
        """Have another target told in addition, once; False if it has been already."""

    def outbox(self, now_ms: int) -> tuple[int, float]:
        """How many deliveries are behind, and for how many seconds the oldest one."""


class Publisher(Protocol):
    """A target that shows what is told."""

    name: str

    def post(self, destination: str, content: Content, thread: str) -> str:
        """Show a new message, under the one that the target calls `thread` if any, and return the target's name for it.

        Raises:
            PublishError: one of its kinds says whether it may be sent again.
        """

    def update(self, destination: str, ref: str, content: Content) -> None:
        """Show `content` in place of what `ref` shows now; repeating it is harmless."""

    def find(self, destination: str, key: str, since_ms: int, thread: str) -> str | None:
        """The message with that idempotency key not older than `since_ms`, if the target has it."""

    def plain(self, destination: str, content: Content, thread: str) -> str:
        """Post the content in the plainest form the target has, for when it refuses the full one."""
