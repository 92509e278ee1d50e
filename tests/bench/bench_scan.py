"""`sigwatch scan` as a whole process against ripgrep, a loop of `re`, bare decompression, and its own memory.

`python -m tests.bench.bench_scan [RUNS] [MEGABYTES]`; needs about twice so much disk, and `rg` for the comparison.
Ratios are taken run by run, one command right after the other; the file is read once before, so that it is cached.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.bench.rules import Rule, rules, write_documents, write_log

COUNTS = (100, 1_000)
LOOP_SECONDS = 10.0
SLOW_MEGABYTES = 5
"""Of the file that ripgrep gets where it is slow."""
STREAM_GIGABYTES = 10
SIGWATCH = [sys.executable, "-m", "sigwatch"]


def seconds(command: Sequence[str], cwd: Path) -> float:
    begun = time.perf_counter()
    ended = subprocess.run(command, check=False, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if ended.returncode not in {0, 1}:
        raise SystemExit(ended.stderr.decode())
    return time.perf_counter() - begun


def loop_rate(patterns: Sequence[str], path: Path) -> float:
    """MB/s of a loop over lines and patterns, for as long as that is bearable."""
    searches = [re.compile(pattern).search for pattern in patterns]
    done, begun = 0, time.perf_counter()
    with path.open(encoding="utf-8") as file:
        for line in file:
            done += len(line)
            for search in searches:
                search(line)
            if time.perf_counter() - begun > LOOP_SECONDS:
                break
    return done / (time.perf_counter() - begun) / 1e6


def beside_ripgrep(found: list[Rule], log: Path, folder: Path, runs: int) -> None:
    count, size = len(found), log.stat().st_size
    write_documents(found, folder / f"k{count}")
    (folder / "patterns.txt").write_text("\n".join(pattern for pattern, _ in found) + "\n")
    # Where it is known to take minutes for each, it gets the beginning of the file.
    part = log
    if count > COUNTS[0]:
        part = folder / "part.log"
        with log.open("rb") as file:
            part.write_bytes(file.read(SLOW_MEGABYTES * 1_000_000))
    scan = [*SIGWATCH, "--knowledge", f"k{count}", "scan", log.name]
    grep = ["rg", "-c", "-f", "patterns.txt", part.name]
    seconds(scan, folder)
    ratios, rates, others = [], [], []
    for _ in range(runs):
        rates.append(size / seconds(scan, folder) / 1e6)
        if shutil.which("rg"):
            others.append(part.stat().st_size / seconds(grep, folder) / 1e6)
            ratios.append(rates[-1] / others[-1])
    print(f"{count} signatures: scan {median(rates):,.0f} MB/s, start included")
    if ratios:
        print(
            f"  ripgrep {median(others):,.1f} MB/s of {part.stat().st_size / 1e6:,.0f} MB: {median(ratios):,.1f} times"
        )
    loop = loop_rate([pattern for pattern, _ in found], log)
    print(f"  loop of re {loop:,.2f} MB/s: {median(rates) / loop:,.0f} times")


def packed(log: Path, folder: Path, runs: int) -> None:
    gz = folder / "log.gz"
    with log.open("rb") as file, gz.open("wb") as out:
        subprocess.run([sys.executable, "-m", "isal.igzip", "-2", "-c"], check=True, stdin=file, stdout=out)
    scan = [*SIGWATCH, "--knowledge", f"k{COUNTS[0]}", "scan", gz.name]
    # Both begin by loading Python, and the libraries that sigwatch loads are no decompression.
    empty = folder / "empty.log"
    empty.write_text("2026-02-01T00:00:00Z nothing\n")
    start = [*SIGWATCH, "--knowledge", f"k{COUNTS[0]}", "scan", empty.name]
    alone = [sys.executable, "-m", "isal.igzip", "-d", "-c", gz.name]
    whole, net = [], []
    for _ in range(runs):
        bare, mine, begin = seconds(alone, folder), seconds(scan, folder), seconds(start, folder)
        whole.append(mine / bare)
        net.append((mine - begin) / bare)
    print(f".gz: {median(whole):.2f} times decompressing alone, {median(net):.2f} without its start of {begin:.2f} s")


def memory(log: Path, folder: Path) -> None:
    """Peak of a scan that is fed the file again and again through a pipe."""
    scan = [*SIGWATCH, "--knowledge", f"k{COUNTS[0]}", "scan", "-"]
    begun, sent = time.perf_counter(), 0
    with subprocess.Popen(scan, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        if process.stdin is None:
            raise SystemExit("no pipe")
        # In small blocks: what this process holds when it starts another is counted as the other's.
        while sent < STREAM_GIGABYTES * 10**9:
            with log.open("rb") as file:
                while block := file.read(1 << 20):
                    sent += process.stdin.write(block)
        process.stdin.close()
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
    spent = time.perf_counter() - begun
    print(f"{sent / 1e9:.1f} GB through a pipe: peak {used.ru_maxrss / 1024:,.0f} MiB, {sent / spent / 1e6:,.0f} MB/s")


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "mixed.log"
        hits = write_log(log, megabytes * 1_000_000, rules(COUNTS[0]))
        print(f"{log.stat().st_size / 1e6:,.0f} MB, {hits:,} hits")
        for count in COUNTS:
            beside_ripgrep(rules(count), log, folder, runs)
        packed(log, folder, runs)
        memory(log, folder)


if __name__ == "__main__":
    main()
