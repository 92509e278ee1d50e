"""Which queries to send: windows, scopes, batches, the query text, its cost."""
