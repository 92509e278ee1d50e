"""Telling people: secrets masked, one wording for every target, and an outbox that delivers each message once."""
