"""How many lines a second are masked, with a prefilter and without? `python -m tests.bench.bench_redaction`

The mix is that of an application's log: ninety-five lines in a hundred hold nothing, three hold a secret beside a name,
one a token, and one has escapes. Each figure is the best of three, after one round that builds the automata. Lines of
identifiers and digests alone are measured too: they are what makes a careless automaton slow.
"""

import time
from base64 import b64encode
from collections.abc import Callable
from random import Random

from sigwatch.redact.controls import strip_controls
from sigwatch.redact.standard import STANDARD, mask
from tests.unit.redact.corpus import NAMES, SHAPES
from tests.unit.redact.harmless import HARMLESS

LINES = 20_000


def mixed() -> list[str]:
    rng = Random(5)
    shapes = [secret for _, secret in SHAPES]
    made = []
    for number in range(LINES):
        luck = rng.random()
        line = f"2026-11-24T19:15:19.{number % 1000:03}Z {rng.choice(HARMLESS)} n={number}"
        if luck < 0.03:
            line += f" {rng.choice(NAMES)}={rng.getrandbits(80):x}"
        elif luck < 0.04:
            line += f" {rng.choice(shapes)}"
        elif luck < 0.05:
            line += " path=%2Fa%20b"
        made.append(line)
    return made


def random_looking() -> list[str]:
    rng = Random(6)
    kinds = (
        lambda: f"req {rng.getrandbits(128):032x} took {rng.randrange(9999)} ms",
        lambda: f"sha {rng.getrandbits(160):040x} {rng.getrandbits(256):064x}",
        lambda: f"payload {b64encode(rng.randbytes(150)).decode()}",
    )
    return [rng.choice(kinds)() for _ in range(LINES)]


def one_by_one(text: str) -> str:
    masked = strip_controls(text)
    for rule in STANDARD:
        masked = rule.pattern.sub(rule.replacement, masked)
    return masked


def rate(apply: Callable[[str], str], lines: list[str]) -> float:
    for line in lines:
        apply(line)
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        for line in lines:
            apply(line)
        best = min(best, time.perf_counter() - start)
    return len(lines) / best


def main() -> None:
    lines = mixed()
    empty = [line for line in lines if mask(line) == line]
    print(f"{len(STANDARD)} rules, {len(lines):,} lines, {len(empty):,} of them without a secret")
    print(f"every rule on every line    {rate(one_by_one, lines):>10,.0f} lines/s")
    print(f"with the prefilter          {rate(mask, lines):>10,.0f} lines/s")
    print(f"the same, without a secret  {rate(mask, empty):>10,.0f} lines/s")
    print(f"identifiers and digests     {rate(mask, random_looking()):>10,.0f} lines/s")


if __name__ == "__main__":
    main()
