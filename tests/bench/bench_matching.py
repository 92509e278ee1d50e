"""What deciding costs: an event at a time, and whole buffers, by the number of signatures.

`python -m tests.bench.bench_matching [RUNS]`; ratios are taken within each run, and medians over the runs.
"""

import re
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median

from sigwatch.match.engine import Engine
from sigwatch.match.prefilter import Prefilter, Re2Prefilter, compiled
from tests.bench.rules import lines, rules, signatures

COUNTS = (10, 100, 1_000, 10_000)
EVENTS = 20_000
BUFFER_EVENTS = 300_000
HIT_EVERY = 100
RARE = 10_000
LOOP_SECONDS = 2.0


def loop_of(patterns: Sequence[str], texts: Sequence[str]) -> float:
    """Microseconds an event of the standard library's `re`, one pattern after the other, for a bearable time."""
    searches = [re.compile(pattern).search for pattern in patterns]
    begun, done = time.perf_counter(), 0
    for text in texts:
        for search in searches:
            search(text)
        done += 1
        if time.perf_counter() - begun > LOOP_SECONDS:
            break
    return (time.perf_counter() - begun) / done * 1e6


def one_by_one(engine: Engine, texts: Sequence[str]) -> float:
    match, begun = engine.match, time.perf_counter()
    for text in texts:
        match(text)
    return (time.perf_counter() - begun) / len(texts) * 1e6


def measure(make: Callable[[Sequence[str]], Prefilter], name: str, runs: int) -> None:
    every = rules(COUNTS[-1])
    print(f"\n{name}: one event in {HIT_EVERY} matches; buffers: one in {RARE}")
    engines, events, buffers = {}, {}, {}
    for count in COUNTS:
        found = every[:count]
        begun = time.perf_counter()
        engines[count] = Engine(signatures(found), compile_all=make)
        compile_seconds = time.perf_counter() - begun
        events[count] = list(lines(EVENTS, found, HIT_EVERY))
        buffers[count] = "\n".join(lines(BUFFER_EVENTS, found, RARE)).encode()
        print(f"  {count:>6} signatures compiled in {compile_seconds:.2f} s")
    made: dict[int, list[tuple[float, float, float]]] = {count: [] for count in COUNTS}
    for _ in range(runs):
        for count in COUNTS:
            each = one_by_one(engines[count], events[count])
            loop = loop_of([pattern for pattern, _ in every[:count]], events[count])
            scanner, buffer = engines[count].scanner(), buffers[count]
            begun = time.perf_counter()
            scanner.ends(buffer)
            rate = len(buffer) / (time.perf_counter() - begun) / 1e6
            made[count].append((each, loop / each, rate))
    for count in COUNTS:
        each, ratio, rate = (median(values) for values in zip(*made[count], strict=True))
        speed = f"{each:6.2f} us an event, {ratio:8,.0f} times a loop of re"
        print(f"  {count:>6} signatures  {speed}; {rate:7,.0f} MB/s in buffers")
    slower = median(many[0] / few[0] for many, few in zip(made[10_000], made[100], strict=True))
    print(f"  10,000 against 100 signatures: {slower:.2f} times an event")


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    measure(compiled, "Hyperscan, then the exact pattern", runs)
    measure(Re2Prefilter, "google-re2 alone, then the exact pattern", 1)


if __name__ == "__main__":
    main()
