"""What was done, by whom, when and why: the entries of the audit trail."""

from dataclasses import asdict, dataclass

from sigwatch.model.incident import Silence

SILENCE_ADDED, SILENCE_CANCELLED = "silence_added", "silence_cancelled"
"""Actions on a silence, whoever takes them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit trail. Never holds log text or a secret."""

    at_ms: int
    actor: str
    """`sigwatch`, `cli:NAME`, `slack:NAME`, or a file of the knowledge."""
    action: str
    """What was done, such as a `Reason`, `notified`, `reloaded`, `approved`."""
    subject: str
    """What it was done to: the id of an incident, silence or signature, or a path."""
    signature: str = ""
    project: str = ""
    detail: tuple[tuple[str, str], ...] = ()
    """Further facts by name, such as the target of a notification or the hash of a document."""


def silence_entry(at_ms: int, actor: str, action: str, silence: Silence) -> Entry:
    """The line about what somebody did with a silence."""
    matchers = silence.matchers
    facts = asdict(matchers) | {
        "ends_ms": str(silence.ends_ms),
        "author": silence.author,
        "reason": silence.reason,
        "source": silence.source,
    }
    return Entry(at_ms, actor, action, silence.id, matchers.signature, matchers.project, tuple(facts.items()))
