"""Recognises known incidents in CloudWatch Logs and tells on-call what fixed them last time."""

__version__ = "0.1.0"
