"""How rare a text is likely to be in logs."""

from functools import lru_cache

_COMMON = {
    "error": 0.05, "exception": 0.03, "failed": 0.03, "failure": 0.02, "warning": 0.1, "info": 0.6, "debug": 0.3,
    "timeout": 0.01, "connection": 0.05, "request": 0.3, "response": 0.2, "http": 0.3, "message": 0.3, "status": 0.2,
    "level": 0.4, "timestamp": 0.3, "start": 0.2, "lambda": 0.1, "denied": 0.01, "refused": 0.01, "server": 0.1,
    "client": 0.1, "module": 0.02, "could not": 0.01, "unable": 0.01, "invalid": 0.02, "null": 0.05, "true": 0.2,
}  # fmt: skip
"""Share of log events that hold a word, roughly; only the order of magnitude counts."""

_BY_LENGTH = (1.0, 1.0, 0.5, 0.15, 0.04, 0.015, 0.005, 0.002, 0.001, 0.0005, 0.0002)
_RAREST = 0.0001


@lru_cache(maxsize=65_536)
def share(text: str) -> float:
    """Which part of all log events is likely to hold a text: an estimate, 0 to 1."""
    lower = text.lower()
    by_length = _BY_LENGTH[len(lower)] if len(lower) < len(_BY_LENGTH) else _RAREST
    return max([by_length, *(common for word, common in _COMMON.items() if lower in word)])
