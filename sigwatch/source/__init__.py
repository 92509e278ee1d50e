"""Where log events are searched."""
