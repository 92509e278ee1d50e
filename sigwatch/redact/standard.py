"""All standard rules in order, and what every text goes through where no project says otherwise."""

from sigwatch.redact.named import NAMED
from sigwatch.redact.personal import PERSONAL
from sigwatch.redact.places import PLACES
from sigwatch.redact.redactor import Redactor
from sigwatch.redact.rules import Rule
from sigwatch.redact.services import MODELS, MONEY, OTHERS, WATCHING
from sigwatch.redact.shapes import CLOUDS, CODE, KEYS, MESSAGES

STANDARD: tuple[Rule, ...] = (
    *KEYS,
    *CLOUDS,
    *CODE,
    *MESSAGES,
    *MONEY,
    *MODELS,
    *WATCHING,
    *OTHERS,
    *PLACES,
    *NAMED,
    *PERSONAL,
)
"""In order: what is recognised by its own shape first, so that its name is kept, then by what is beside it."""

REDACTOR = Redactor(STANDARD)
"""The standard rules and no others."""

mask = REDACTOR.mask
mask_document = REDACTOR.mask_document
