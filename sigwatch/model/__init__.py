"""Frozen values that travel between the rooms; they know nothing of the rooms."""
