"""Delivering what is to be told: who gets a message of its own, what is sent now, and each message once."""
