"""Which signatures are in this text: the exact answer, whatever the query returned."""
