"""One session of a backfill as a process of its own: `python -m tests.fakes.past_session URL FOLDER START END`.

It reads slowly enough to be killed, stops at SIGINT as the program does, and prints how it ended as JSON.
"""

import json
import signal
import sys
from pathlib import Path

from sigwatch.model.logs import Window
from tests.fakes.made import signature
from tests.fakes.past_house import PastHouse

SIGNATURES = (signature("KO-1", "ERROR one"), signature("KO-2", "FATAL (two|three)"))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(url: str, folder: str, start: str, end: str) -> None:
    house = PastHouse(url, Path(folder) / "run.db", SIGNATURES, longest_wait=0.05)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: house.stopping.set())
    house.on_report = lambda progress: say(str(progress.slices))
    ended = house.run(Window(int(start), int(end)))
    say(json.dumps({"stopped": ended.stopped, "share": ended.progress.share, "gaps": len(ended.gaps)}))
    house.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
