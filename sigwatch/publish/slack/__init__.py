"""Slack: how a message looks there, what Slack takes, and what its answers mean."""
