"""A simulated week of several replicas under kills, pauses and outages, and what can be said of them in the end."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from sigwatch.errors import StoreError
from sigwatch.publish.key import message_key
from tests.bench.soak_house import House, Replica, pause
from tests.bench.soak_memory import Slope, slope_of
from tests.bench.soak_traffic import DAY, Plan, counts, traffic
from tests.fakes.processes import CHANNEL

PASSES = ("eager", "settled", "late")
WARM_PART = 1 / 7
"""Of the time, before memory is measured."""
LOG_FAULTS = (
    {"throttle_probability": 1.0},
    {"unavailable_probability": 1.0},
    {"throttle_probability": 0.5, "failure_probability": 0.5, "lost_reply_probability": 0.3},
)
Say = Callable[[str], None]


@dataclass
class Verdict:
    """What came of it. Everything but the memory and the time is to be nothing."""

    planted: int = 0
    counted: int = 0
    lost: int = 0
    doubled: int = 0
    examples: list[str] = field(default_factory=list)
    """Of what was lost or doubled."""
    incidents: int = 0
    messages: int = 0
    untold: int = 0
    told_twice: int = 0
    strangers: int = 0
    gaps: int = 0
    behind: int = 0
    begun_late: int = 0
    waiting: int = 0
    deleted_doubles: int = 0
    deeds: dict[str, int] = field(default_factory=dict)
    queries: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    """What replicas said that they could not do."""
    exit_codes: list[int] = field(default_factory=list)
    resident_kib: tuple[float, float] = 0.0, 0.0
    """Of the replica that lived through all of it, after warming up and in the end."""
    resident_mib: list[int] = field(default_factory=list)
    """At even intervals."""
    heap_blocks: list[int] = field(default_factory=list)
    """That Python held, at even intervals: what resident memory grows by beyond them is the allocator's."""
    heap_blocks_a_day: float = 0.0
    heap_error: float = 0.0
    slope_kib_a_day: float = 0.0
    slope_error: float = 0.0
    processor_seconds_a_day: float = 0.0
    real_seconds: float = 0.0
    behind_at_the_end_seconds: float = 0.0
    """Simulated, until the last pass had come to the end of the traffic."""

    @property
    def right(self) -> bool:
        """Whether nothing was lost, doubled or left out."""
        wrong = self.lost, self.doubled, self.untold, self.told_twice, self.strangers, self.gaps, self.behind
        return not any((*wrong, self.begun_late, self.waiting, *self.exit_codes))


@dataclass
class Memory:
    """What the replica that is never killed used, at each moment in simulated days."""

    days: list[float] = field(default_factory=list)
    resident_kib: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    blocks: list[tuple[float, float]] = field(default_factory=list)
    """Day, and how many of them Python held."""

    def note(self, day: float, replica: Replica) -> None:
        self.days.append(day)
        self.resident_kib.append(replica.resident_kib())
        self.processor.append(replica.processor_seconds())

    def slope(self, warm: float) -> Slope:
        kept = [pair for pair in zip(self.days, self.resident_kib, strict=True) if pair[0] >= warm]
        return slope_of(kept)


def run(folder: Path, plan: Plan, say: Say) -> Verdict:
    """Let replicas work under everything that can go wrong, then give them peace, and look at what they have done."""
    began = time.monotonic()
    with ExitStack() as stack:
        here = House(folder, plan, stack)
        for _ in range(plan.replicas):
            here.start()
        _ready(here)
        begin = here.hours.clock() + 300
        here.begin_traffic(begin)
        say(f"{plan.replicas} replicas share the work after {time.monotonic() - began:.0f} s")
        memory, verdict = Memory(), Verdict()
        verdict.deeds = Trouble(here, begin, memory, say).live_through()
        _peace(here, begin + plan.seconds, verdict, say)
        memory.note((here.hours.clock() - begin) / DAY, here.replicas[0])
        _look(here, begin, verdict)
        _weigh(memory, plan, verdict)
        verdict.exit_codes = [each.end(signal.SIGTERM) for each in here.replicas]
        verdict.skipped = dict(_complaints(here.all).most_common(40))
        verdict.queries = here.stats_of_logs()["queries"]
        verdict.real_seconds = round(time.monotonic() - began, 1)
    return verdict


def _ready(here: House) -> None:
    """Until every replica holds a share of the work, and every pass has begun everywhere."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        owners = {held.owner for held in here.store.leases.read().held.values()} - {""}
        if len(owners) == here.plan.replicas and len(here.store.coverage()) == len(PASSES) * here.plan.groups:
            return
        assert all(each.lives for each in here.replicas), here.replicas[0].said()[-5:]
        pause(0.2)
    raise AssertionError("the replicas did not begin")


class Trouble:
    """What goes wrong, at moments by chance; one thing may come while another lasts."""

    def __init__(self, here: House, begin: float, memory: Memory, say: Say) -> None:
        self._here, self._begin, self._memory, self._say = here, begin, memory, say
        self._rng = Random(here.plan.seed)
        self._done: Counter[str] = Counter()
        self._later: list[tuple[float, str, Callable[[], object]]] = []
        self._busy: set[str] = set()

    def live_through(self) -> dict[str, int]:
        """Returns how much of what has gone wrong."""
        plan = self._here.plan
        planned = sorted(self._planned())
        samples, told = 0, 0
        while (now := self._here.hours.clock() - self._begin) < plan.seconds:
            while planned and planned[0][0] <= now:
                self._do(planned.pop(0)[1])
            self._mend(now)
            if now >= samples * plan.seconds / 400:
                samples += 1
                self._memory.note(now / DAY, self._here.replicas[0])
            if now >= told * plan.seconds / 56:
                told += 1
                self._progress(now)
            pause(0.05)
        self._mend(float("inf"))
        return dict(self._done)

    def _planned(self) -> Iterator[tuple[float, str]]:
        plan = self._here.plan
        wanted = {
            "kill": plan.kills,
            "pause": plan.pauses,
            "log outage": plan.log_outages,
            "state hang": plan.state_hangs,
            "state crash": plan.state_crashes,
            "slack outage": plan.slack_outages,
        }
        for deed, count in wanted.items():
            for _ in range(count):
                yield self._rng.uniform(0.02, 0.95) * plan.seconds, deed

    def _do(self, deed: str) -> None:
        real, what = self._rng.uniform, deed
        match deed:
            case "kill":
                victim = self._rng.choice(self._here.replicas[1:])
                victim.end(signal.SIGKILL)
                self._here.replicas.remove(victim)
                self._after(real(0.5, 4), deed, self._here.start)
            case "pause":
                self._pause(real(1, 8))
            case "log outage":
                self._here.faults_of_logs(self._rng.choice(LOG_FAULTS))
                self._after(real(1, 6), deed, lambda: self._here.faults_of_logs({}))
            case "state hang" | "state crash":
                what = self._break_state(deed, real(2, 8))
            case "slack outage":
                self._here.slack.down = True
                self._after(real(2, 8), deed, self._slack_is_back)
        self._done[what] += 1

    def _pause(self, seconds: float) -> None:
        awake = [each for each in self._here.replicas if str(each.pid) not in self._busy]
        victim = self._rng.choice(awake or self._here.replicas)
        victim.send(signal.SIGSTOP)
        self._after(seconds, str(victim.pid), lambda: victim.send(signal.SIGCONT))

    def _break_state(self, deed: str, seconds: float) -> str:
        state = self._here.state
        if "state" in self._busy:
            return "state is broken already"
        if deed == "state hang":
            # Longer than its clients wait, at times.
            state.hang()
            self._after(seconds if self._rng.random() < 0.6 else 24.0, "state", state.go_on)
        else:
            state.crash()
            self._after(seconds, "state", state.start)
        return deed

    def _slack_is_back(self) -> None:
        self._here.slack.down = False

    def _after(self, real_seconds: float, what: str, mend: Callable[[], object]) -> None:
        when = self._here.hours.clock() - self._begin + real_seconds * self._here.plan.speed
        self._busy.add(what)
        self._later.append((when, what, mend))

    def _mend(self, now: float) -> None:
        for each in [each for each in self._later if each[0] <= now]:
            self._later.remove(each)
            self._busy.discard(each[1])
            each[2]()

    def _progress(self, now: float) -> None:
        watcher = self._here.replicas[0]
        threading.Thread(target=self._ask, args=(now / DAY, watcher), daemon=True).start()
        broken = ", ".join(sorted(self._busy)) or "nothing"
        self._say(
            f"day {now / DAY:.2f}: {watcher.resident_kib() / 1024:.0f} MiB, {watcher.processor_seconds():.0f} s of the"
            f" processor, {sum(self._done.values())} deeds done, wrong now: {broken}"
        )

    def _ask(self, day: float, watcher: Replica) -> None:
        """Look at the pages of the one that is watched, and at its heap; it may be paused meanwhile."""
        watcher.scrape()
        if blocks := watcher.heap_blocks():
            self._memory.blocks.append((day, blocks))


def _peace(here: House, end: float, verdict: Verdict, say: Say) -> None:
    """Until every pass has come to the end of the traffic, all is over, and everybody is told; but not for ever."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            found = list(here.store.coverage().values())
            searched = all(each.unbroken_from(each.begin) >= end for each in found)
            if searched and not here.store.unresolved() and here.store.outbox(0)[0] == 0:
                break
        except StoreError as error:
            say(str(error))
        pause(0.5)
    verdict.behind_at_the_end_seconds = round(here.hours.clock() - end)


def _look(here: House, begin: float, verdict: Verdict) -> None:
    end = begin + here.plan.seconds
    planted, counted = counts(traffic(here.plan)), Counter[tuple[str, str]]()
    incidents = here.store.incidents()
    for incident in incidents:
        counted[incident.signature, incident.group] += incident.count
    verdict.planted, verdict.counted = planted.total(), counted.total()
    verdict.lost, verdict.doubled = (planted - counted).total(), (counted - planted).total()
    wrong = {*(planted - counted), *(counted - planted)}
    verdict.examples = [f"{kind}: {counted[kind]} of {planted[kind]}" for kind in sorted(wrong)[:10]]
    keys = Counter(message["metadata"]["event_payload"]["key"] for message in here.slack.messages(CHANNEL))
    cards = {message_key(incident.id, "slack") for incident in incidents}
    verdict.incidents, verdict.messages = len(incidents), keys.total()
    verdict.untold = len(cards - set(keys))
    verdict.told_twice = sum(count - 1 for count in keys.values())
    verdict.strangers = len(set(keys) - cards)
    verdict.deleted_doubles = here.slack.count("chat.delete")
    coverage = here.store.coverage()
    verdict.gaps = sum(len(each.spans) - 1 for each in coverage.values())
    verdict.begun_late = sum(each.begin > begin for each in coverage.values())
    late = sum(each.frontier < end for each in coverage.values())
    verdict.behind = late + len(PASSES) * here.plan.groups - len(coverage)
    verdict.waiting = here.store.outbox(0)[0]


def _weigh(memory: Memory, plan: Plan, verdict: Verdict) -> None:
    warm = plan.days * WARM_PART
    slope = memory.slope(warm)
    first = next(kib for day, kib in zip(memory.days, memory.resident_kib, strict=True) if day >= warm)
    verdict.resident_kib = first, memory.resident_kib[-1]
    verdict.slope_kib_a_day, verdict.slope_error = round(slope.a_unit, 1), round(slope.error, 1)
    verdict.resident_mib = [round(kib / 1024) for kib in memory.resident_kib[:: max(1, len(memory.days) // 28)]]
    held = [pair for pair in memory.blocks if pair[0] >= warm]
    verdict.heap_blocks = [round(blocks) for _, blocks in held]
    heap = slope_of(held)
    verdict.heap_blocks_a_day, verdict.heap_error = round(heap.a_unit, 1), round(heap.error, 1)
    spent, days = memory.processor[-1] - memory.processor[0], memory.days[-1] - memory.days[0]
    verdict.processor_seconds_a_day = round(spent / days, 2)


def _complaints(replicas: list[Replica]) -> Counter[str]:
    found: Counter[str] = Counter()
    for replica in replicas:
        for line in replica.said():
            if "raw" in line:
                found[f"raw: {str(line['raw'])[:100]}"] += 1
            elif line.get("level") in {"warning", "error"}:
                words = line.get("detail") or line.get("outcome") or line.get("status") or line.get("item") or ""
                found[f"{line['event']} {line.get('reason', '')}: {str(words)[:110]}"] += 1
    return found
