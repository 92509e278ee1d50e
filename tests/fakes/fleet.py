"""Replicas of the daemon that share one table in DynamoDB, on a clock moved by hand, with what the state costs them.

Everything between the logs and the table is real, and so is the daemon: only its scheduler does not run, its jobs are
called when they would be.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Flag
from typing import Any, cast

from sigwatch.chronicle import Chronicle
from sigwatch.compose import Composer
from sigwatch.config import parse
from sigwatch.daemon import HOUSEKEEPING_SECONDS, Daemon, Parts, Pulse
from sigwatch.incident.lifecycle import Rules
from sigwatch.model.event import Event
from sigwatch.model.knowledge import Library, Signature
from sigwatch.model.logs import Pass
from sigwatch.outbox.delivery import OutboxPolicy
from sigwatch.outbox.doubles import Doubles
from sigwatch.outbox.rounds import Outbox
from sigwatch.outbox.sending import Sender
from sigwatch.pipeline import Pipeline
from sigwatch.plan.windows import Pace
from sigwatch.polling.patrol import Patrol
from sigwatch.polling.places import Places
from sigwatch.polling.spending import Meter as Spent
from sigwatch.polling.tenure import BEAT_SECONDS, SharedTenure
from sigwatch.publish.traits import TRAITS
from sigwatch.search import Reader
from sigwatch.source.cloudwatch import Account, CloudWatchSource
from sigwatch.source.limits import Limiter, Limits
from sigwatch.store.dynamo.store import DynamoStore
from sigwatch.store.dynamo.table import Table
from sigwatch.watch import Watch
from sigwatch.wiring.daemon import cutoffs
from sigwatch.wiring.state import FRESH_SECONDS
from tests.bench.corpus import signatures
from tests.fakes.dynamo import client, new_table
from tests.fakes.metered import Bill, Meter, times, together, total
from tests.unit.polling.house import Inline

INTERVAL, ROUND_SECONDS = 15, 0.25
PASSES = Pass("eager", 0), Pass("settled", 300), Pass("late", 3600)
LOOK_BACK = 7_200
"""So that from the first minute every pass has something to read."""
NOW = 1_772_787_600.0
"""2026-03-06 09:00:00 UTC."""
DAY = 86_400
GROUPS, SIGNATURES = 200, 1_000
_GIBIBYTE = 1024**3
_SETTINGS = parse("slack: {channel: C0ONCALL}\ntargets: [slack]\n", Path("sigwatch.yaml"))


@dataclass(frozen=True, slots=True)
class Line:
    """One log event."""

    group: str
    at_ms: int
    text: str


@dataclass
class Logs:
    """As much of boto3's client for CloudWatch Logs as searching asks for; every query is complete at once."""

    scopes: int
    lines: Sequence[Line] = ()
    queries: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def describe_log_groups(self, **_: Any) -> Mapping[str, Any]:
        names = [f"/app/{number % self.scopes:02}/service-{number:03}" for number in range(GROUPS)]
        made = int((NOW - DAY) * 1000)
        arn = "arn:aws:logs:us-east-1:111122223333:log-group:"
        found = [
            {"logGroupName": name, "arn": f"{arn}{name}:*", "creationTime": made, "storedBytes": _GIBIBYTE}
            for name in names
        ]
        return {"logGroups": found}

    def start_query(self, **asked: Any) -> Mapping[str, Any]:
        name = str(uuid.uuid4())
        self.queries[name] = asked
        return {"queryId": name}

    def get_query_results(self, queryId: str) -> Mapping[str, Any]:  # noqa: N803 - the service's name
        asked = self.queries.pop(queryId)
        names = {arn.rpartition(":")[2] for arn in asked["logGroupIdentifiers"]}
        first, last = asked["startTime"] * 1000, asked["endTime"] * 1000
        found = [line for line in self.lines if line.group in names and first <= line.at_ms <= last]
        return {"status": "Complete", "statistics": {"bytesScanned": 1_000}, "results": list(map(_result, found))}

    def describe_queries(self, **_: Any) -> Mapping[str, Any]:
        return {"queries": []}


def _result(line: Line) -> list[Mapping[str, str]]:
    moment = datetime.fromtimestamp(line.at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    fields = {"@timestamp": moment, "@message": line.text, "@log": f"111122223333:{line.group}", "@logStream": "s"}
    pointer = uuid.uuid5(uuid.NAMESPACE_OID, repr(line)).hex
    return [{"field": name, "value": value} for name, value in (fields | {"@ptr": pointer}).items()]


class Shown:
    """A target that takes everything."""

    name = "slack"

    def __init__(self) -> None:
        self.posted = 0

    def post(self, destination: str, content: object, thread: str) -> str:
        self.posted += 1
        return f"17727876{self.posted:08}.000100"

    def update(self, destination: str, ref: str, content: object) -> None:
        """It is shown."""

    def find(self, destination: str, key: str, since_ms: int, thread: str) -> str | None:
        return None

    plain = post


def _owned(found: Sequence[Signature], projects: int) -> list[Signature]:
    """The signatures, dealt out to so many projects."""
    return [replace(each, ko=replace(each.ko, project=f"{n % projects:02}")) for n, each in enumerate(found)]


class Fleet:
    """So many replicas, over as many log groups and signatures as the promise speaks of."""

    def __init__(self, endpoint: str, replicas: int, scopes: int) -> None:
        """Start the replicas on a new table, and let them share the work and catch up."""
        self.now, self.meter, self.events = NOW, Meter(), list[Event]()
        self.logs, self.shown, self._endpoint = Logs(scopes), Shown(), endpoint
        _, self._table = new_table(endpoint)
        self.watched = _owned(signatures(SIGNATURES), scopes)
        self._library = Library(tuple(self.watched), digest="1")
        self.daemons = [self._daemon(f"replica-{number}") for number in range(replicas)]
        for daemon in self.daemons:
            daemon._keep_leases()
            daemon._reload()
        self.live(2 * 60)
        self.meter.bill()

    def clock(self) -> float:
        return self.now

    def live(self, seconds: int, *, sending: bool = False) -> None:
        """Let so much time pass; rounds of the outbox are made only where `sending` says so."""
        for _ in range(seconds // BEAT_SECONDS):
            before = self.now
            if sending:
                self.send(int(BEAT_SECONDS / ROUND_SECONDS))
            else:
                self.now += BEAT_SECONDS
            for daemon in self.daemons:
                daemon._keep_leases()
                self._work(daemon, before)

    def _work(self, daemon: Daemon, before: float) -> None:
        def is_time(every: int) -> bool:
            return self.now // every > before // every

        if is_time(INTERVAL):
            for step in PASSES:
                daemon._pass(step)
        if is_time(daemon._parts.reload):
            daemon._reload()

    def send(self, rounds: int) -> None:
        """Make so many rounds of the outbox."""
        for _ in range(rounds):
            self.now += ROUND_SECONDS
            for daemon in self.daemons:
                daemon._deliver()

    def housekeep(self) -> None:
        """What is done every hour."""
        for daemon in self.daemons:
            daemon._housekeep()
            daemon._stop_orphans()

    def quiet_day(self, minutes: int, rounds: int = 20) -> dict[str, Mapping[str, Any]]:
        """The bill of a day by what it is for, reckoned from so many minutes, one housekeeping and some rounds.

        A quiet minute is like every other: four passes of each kind, twenty beats, a reload. Only windows of the late
        pass come every twelve minutes: fewer than that may leave them out, one in sixty of all windows.
        """
        self.live(minutes * 60)
        watching = times(self.meter.bill(), DAY / (minutes * 60))
        self.send(rounds)
        sending = times(self.meter.bill(), DAY / ROUND_SECONDS / rounds)
        self.housekeep()
        return {
            "watching": watching,
            "sending": sending,
            "cleaning": times(self.meter.bill(), DAY / HOUSEKEEPING_SECONDS),
        }

    @staticmethod
    def _selectors(signature: Signature) -> Sequence[str]:
        return (f"/app/{signature.project}/*",)

    def _daemon(self, name: str) -> Daemon:
        connection = client(self._endpoint)
        self.meter.attach(connection)
        kept = _SETTINGS.retention
        seconds = {"hits": kept.hits, "audit": kept.audit, "spending": kept.spending}
        store = DynamoStore(Table(connection, self._table), seconds, self.clock, self.clock, FRESH_SECONDS)
        spent = Spent(store, self.clock)

        def observe(event: Event) -> None:
            self.events.append(event)
            spent(event)

        tenure = SharedTenure(store.leases, name, store.shard_names, self.clock, observe)
        limiter = Limiter(lambda: Limits(1e9, 1e9, 1e9, 1_000), self.clock, lambda _: False)
        account = Account("", linked=False, installation=store.installation)
        source = CloudWatchSource(
            cast("Any", self.logs), account, limiter, store, self.clock, lambda _: False, lambda: 0.5, dict
        )
        watch = Watch(lambda: self._library, source, self._selectors, (), INTERVAL, self.clock, observe)
        composer = Composer(_SETTINGS, lambda _, text: text)
        stages = Pipeline(
            Reader(source, observe, 0.005),
            store,
            Rules(900_000, lambda _, text: text),
            ("log_group",),
            composer,
            composer.ending,
            self.clock,
            observe,
        )
        patrol = Patrol(
            watch,
            stages,
            PASSES,
            Pace(INTERVAL, LOOK_BACK, 3_600),
            Inline(),
            Places(INTERVAL, lambda: 0.5),
            lambda passes: spent.allowance(None, passes),
            tenure,
        )
        publishers: Any = {"slack": self.shown}
        sender = Sender(
            store.deliveries,
            publishers,
            TRAITS,
            self.clock,
            lambda: uuid.uuid4().hex,
            observe,
            lambda: 0.5,
            OutboxPolicy(),
        )
        return Daemon(
            Parts(
                watch=watch,
                patrol=patrol,
                tenure=tenure,
                store=store,
                deliver=Outbox(sender, lambda alerts: [len(alerts)]).deliver_due,
                delete_doubles=Doubles(store.deliveries, {"slack": lambda *_: ()}, observe).delete,
                take_over=lambda: Chronicle(store, self.clock).take_over(watch.snapshot.library),
                tidy=lambda searched_to: store.prune(cutoffs(kept, self.now, searched_to)),
                stop_orphans=source.stop_orphans,
                close_workers=lambda: None,
                clock=self.clock,
                observe=observe,
                pulse=Pulse(self.now),
                stopping=Flag(),
                interval=INTERVAL,
                reload=60,
            )
        )


def dollars_of(day: Mapping[str, Bill]) -> float:
    """What a day costs."""
    return total(together(*day.values())).dollars
