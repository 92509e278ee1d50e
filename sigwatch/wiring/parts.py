"""The parts that a daemon, a backfill and the verbs about incidents are made of."""

import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from sigwatch.config import RuleSettings, Settings
from sigwatch.incident.lifecycle import Rules
from sigwatch.knowledge import library
from sigwatch.match.databases import Databases
from sigwatch.model.knowledge import Library, Signature
from sigwatch.pattern import judge, required
from sigwatch.plan.scopes import selectors
from sigwatch.plan.windows import Pace
from sigwatch.ports import Clock
from sigwatch.redact.projects import CustomRule, Redaction
from sigwatch.store.sqlite import SqliteStore

chance = random.Random().random  # noqa: S311 - spreads retries
_one_at_a_time = threading.Lock()
clock: Clock = time.time  # noqa: TID251 - the one place where the real clock enters
monotonic: Clock = time.monotonic


def load_knowledge(paths: Sequence[Path], relative_to: Path | None = None) -> Library:
    """Read knowledge with patterns judged as the daemon uses them."""
    return library.load(paths, relative_to=relative_to, judge=judge, required=required, clock=clock)


def selectors_of(settings: Settings) -> Callable[[Signature], Sequence[str]]:
    """Where each signature is searched, under this configuration."""
    return lambda signature: selectors(signature, settings.project(signature.project).log_groups)


def redaction_of(settings: Settings) -> Redaction:
    """What is taken out of texts, under this configuration."""

    def custom(rules: Sequence[RuleSettings]) -> list[CustomRule]:
        return [CustomRule(rule.name, rule.pattern, rule.replacement) for rule in rules]

    by_project = {name: custom(project.redact) for name, project in settings.projects.items()}
    return Redaction(settings.redaction.off, custom(settings.redaction.rules), by_project)


def document_mask(settings: Settings) -> Callable[[str, str], str]:
    """Takes a project's secrets out of what people wrote, under this configuration."""
    redaction = redaction_of(settings)

    # Each change of an incident shows the same documents.
    @cache
    def mask(project: str, text: str) -> str:
        return redaction.of(project).mask_document(text)

    return mask


def databases() -> Databases:
    """Where large databases of patterns are kept: with what the user's programs can do without."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sigwatch"
    return Databases(folder, _beside)


def _beside(job: Callable[[], None]) -> None:
    """Do something beside the work, one thing after the other; the program does not wait for it to end."""

    def work() -> None:
        with _one_at_a_time:
            job()

    threading.Thread(target=work, name="compile patterns", daemon=True).start()


def rules_of(settings: Settings) -> Rules:
    """What makes hits one incident, and when people are called again, under this configuration."""
    redaction, incidents = redaction_of(settings), settings.incidents
    patience = {severity: seconds * 1000 for severity, seconds in incidents.escalate.unacknowledged.items()}
    return Rules(
        incidents.quiet_period * 1000,
        lambda project, text: redaction.of(project).mask(text),
        incidents.escalate.growth,
        patience,
    )


def pace_of(settings: Settings) -> Pace:
    """How passes move, under this configuration."""
    polling = settings.polling
    return Pace(polling.interval, polling.first_lookback, polling.catch_up_window)


def memory_store() -> SqliteStore:
    """State that is forgotten with the process, and leaves memory for the disk where it grows."""
    return SqliteStore("")
