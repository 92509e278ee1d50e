"""What is wrong with what leads from one item of a table to another: lists, marks, pages. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from sigwatch.model.incident import Incident
from sigwatch.store.bodies import INCIDENTS
from sigwatch.store.dynamo import incidents
from sigwatch.store.dynamo.layout import digest_key
from sigwatch.store.dynamo.rows import AGES, DIGESTS, OUTBOX, Row, by_key, page_of, place, rows_of
from sigwatch.store.dynamo.snapshot import Snapshot
from sigwatch.store.dynamo.table import Item, Key
from sigwatch.store.invariants import Flaw


def in_leads(snapshot: Snapshot) -> Iterator[Flaw]:
    """Everything that should not be so."""
    yield from _in_lists(snapshot)
    rows = by_key(rows_of(snapshot.of(OUTBOX)))
    aged = {(str(item.body["target"]), str(item.body["id"])) for item in snapshot.of(AGES)}
    for row in rows.values():
        yield from _in_page(row, rows)
        if not row.thread and (row.target, row.id) not in aged:
            words = "nothing says how old it is: it is never cleaned up, which costs its storage and nothing else"
            yield Flaw("age", f"message {row.target} {row.id}", words, (row.key, (AGES, "")))
        yield from _unlisted(row, snapshot)
    for pk in (AGES, DIGESTS):
        yield from _to_nowhere(pk, rows, snapshot)


def _in_lists(snapshot: Snapshot) -> Iterator[Flaw]:
    listed: defaultdict[str, list[tuple[Key, incidents.Listed]]] = defaultdict(list)
    for item in snapshot.of(incidents.LISTS):
        for each in item.body:
            listed[str(each[0])].append((item.key, incidents.Listed(*each)))
    full = {item.key for item in snapshot.of(incidents.LISTS) if len(item.body) >= incidents.MOST_LISTED}
    known = {incident.id: incident for incident in map(_incident, snapshot.of(incidents.INCIDENT)) if incident}
    for name in sorted({*listed, *known}):
        incident = known.get(name)
        left_out = incident and not listed[name] and incidents.list_key(incident.signature, incident.group) in full
        if not left_out:
            yield from _in_listing(name, listed[name], incident)


def _in_listing(name: str, listed: list[tuple[Key, incidents.Listed]], incident: Incident | None) -> Iterator[Flaw]:
    expected = []
    keys = [(incidents.INCIDENT, name), *(key for key, _ in listed)]
    if incident:
        expected = [(incidents.list_key(incident.signature, incident.group), incidents.listed_as(incident))]
        keys.append(expected[0][0])
    if listed != expected:
        yield Flaw(
            "list",
            f"incident {name}",
            "the list of incidents of its signature and grouping key says something else than it does itself: its next"
            " hit may begin another incident, or fail. `sigwatch incidents resolve` writes it anew; where it is not"
            " there at all, restore a backup",
            tuple(keys),
        )


def _incident(item: Item) -> Incident | None:
    try:
        return INCIDENTS.validate_json(item.body)
    except ValidationError:
        return None


def _in_page(row: Row, rows: Mapping[Key, Row]) -> Iterator[Flaw]:
    at = page_of(row)
    if at is None:
        return
    page = rows.get(at)
    if page is None or row.id not in page.members:
        yield Flaw(
            "members",
            f"message {row.target} {row.id}",
            f"the page {row.digest} that is to show it does not name it, or is not where it says: nobody sees it. Look"
            f" at the incident with `sigwatch incidents show {row.incident}`, and tell who should know",
            (row.key, at),
        )


def _unlisted(row: Row, snapshot: Snapshot) -> Iterator[Flaw]:
    listing = digest_key(row)
    if listing and (DIGESTS, listing) not in snapshot.items:
        words = "the list is not found by its key: a button on it does nothing. Use `sigwatch incidents ack`"
        yield Flaw("digest", f"message {row.target} {row.id}", words, (row.key, (DIGESTS, listing)))


def _to_nowhere(pk: str, rows: Mapping[Key, Row], snapshot: Snapshot) -> Iterator[Flaw]:
    for item in snapshot.of(pk):
        to = place(str(item.body["target"]), str(item.body["id"]))
        if to not in rows:
            words = "it leads to a message that is not there: nothing is lost, it can be deleted"
            yield Flaw("lead", " ".join(item.key)[:200], words, (item.key, to))
