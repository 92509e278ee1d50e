"""What `backfill` says beside its report: how far it is, how to go on with it, whom it told."""

import shlex
from collections.abc import Callable, Sequence

from sigwatch import wiring
from sigwatch.cli.context import Options, stderr
from sigwatch.cli.progress import Gauge, percent
from sigwatch.past.telling import Told, left_over
from sigwatch.past.values import Progress
from sigwatch.publish.words.wording import incidents
from sigwatch.report.words import counted, hits, size


def say_words(words: str) -> None:
    """A sentence beside the data: broken between words in a terminal, whole in a pipe."""
    talk = stderr()
    talk.print(words, markup=False, soft_wrap=not talk.is_terminal)


def resume_command(given: Options, run: str, options: Sequence[str]) -> str:
    """What goes on with a run when it is pasted into a shell.

    Args:
        given: the global options; their paths are written as they were given, so the folder must be the same.
        run: id.
        options: those of the verb that belong to how it is gone about; what is asked is kept with the run.
    """
    config = ["-c", str(given.config)] if given.config_given else []
    knowledge = [part for path in given.knowledge for part in ("--knowledge", str(path))]
    return shlex.join(["sigwatch", *config, *knowledge, "backfill", "--resume", run, *options])


def say_stopped(made: Progress, command: str) -> None:
    """Say what is done, and how to go on."""
    done = f"{percent(made.share)} is done, {hits(made.hits)} so far, {made.dollars:,.4f} dollars paid"
    say_words(f"stopped: {done}. What is done is kept; go on with")
    # A command with a line break in it must not be pasted.
    stderr().print(f"  {command}", markup=False)


def say_told(told: Told, left: int) -> None:
    """Say what became of the incidents that were found, where targets were to be told."""
    known = f"; {incidents(len(told.known))} known before" if told.known else ""
    silenced = f"; {incidents(len(told.silenced))} silenced" if told.silenced else ""
    say_words(f"told {incidents(len(told.new))}{known}{silenced}")
    if words := left_over(left):
        say_words(words)


def shown_on(show: Gauge, before: Progress, expected_bytes: int) -> Callable[[Progress], None]:
    """Shows the progress of this session, the first time at once.

    Args:
        show: the bar, or whatever stands for it.
        before: where this session begins: earlier ones are paid for, and say nothing of how fast this one is.
        expected_bytes: what this session is expected to scan.
    """
    begun, whole = wiring.clock(), before.bytes_scanned + expected_bytes

    def report(made: Progress) -> None:
        seconds = max(wiring.clock() - begun, 0.001)
        rate = size(round((made.bytes_scanned - before.bytes_scanned) / seconds))
        # An estimate that was wrong is no reason for a bar above its end.
        scanned = f"{size(made.bytes_scanned)} of about {size(max(whole, made.bytes_scanned))}"
        slices = counted(made.slices, "slice", "slices")
        show(made.share, f"{scanned}, {made.dollars:,.4f} dollars, {hits(made.hits)}, {slices}, {rate}/s")

    report(before)
    return report
