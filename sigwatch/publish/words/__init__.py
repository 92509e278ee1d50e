"""One wording for every target. Pure."""
