"""Whom incidents are told, and what people may do to them."""

from sigwatch.commands import Commands
from sigwatch.compose import Composer
from sigwatch.config import Settings
from sigwatch.ports import Observer, Store
from sigwatch.wiring.parts import clock, document_mask, redaction_of


def composer_of(settings: Settings) -> Composer:
    """What targets are to show, under this configuration."""
    return Composer(settings, document_mask(settings))


def commands(settings: Settings, store: Store, observe: Observer) -> Commands:
    """What people may do to incidents."""
    redaction = redaction_of(settings)
    return Commands(store, clock, observe, lambda project, text: redaction.of(project).mask(text))
