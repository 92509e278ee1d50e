"""Metrics and logs: listeners to events. Nothing in the core imports them."""
