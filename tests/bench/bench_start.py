"""From the start of the process to ready, a thousand documents over 200 log groups. `python -m tests.bench.bench_start`

Ready is what /readyz says: documents read, state at hand, a first pass made. With an empty cache the patterns are
compiled; each start has a state of its own, so log groups are new and looked back into.
"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.bench.whole_daemon import Setting, Size, await_ready, cpu_seconds, setting

TIMES = 5
SIZE = Size(signatures=1_000, groups=200)


def start(here: Setting, state: str, cache: str) -> tuple[float, float]:
    """Seconds to ready, and of processor."""
    began = time.monotonic()
    running = here.start(state, cache)
    await_ready(running)
    taken = time.monotonic() - began, cpu_seconds(running.pid)
    assert running.end() == 0
    return taken


def main() -> None:
    """Each of the four ways, as often as asked, five times by default."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else TIMES
    with tempfile.TemporaryDirectory() as folder, setting(Path(folder), SIZE) as here:
        for state in ("sqlite", "dynamodb"):
            for kind in ("cold", "warm"):
                caches = [f"{state}-{number}" if kind == "cold" else f"{state}-0" for number in range(times)]
                found = [start(here, state, cache) for cache in caches]
                seconds = ", ".join(f"{each:.1f}" for each, _ in found)
                middle, used = median(each for each, _ in found), median(used for _, used in found)
                print(
                    f"{state}, {kind} cache: median {middle:.1f} s ({seconds}), {used:.1f} s of processor", flush=True
                )


if __name__ == "__main__":
    main()
