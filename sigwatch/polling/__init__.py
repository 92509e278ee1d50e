"""Reading what is due, again and again: who reads what when, what is owed, what is put off, what it costs."""
