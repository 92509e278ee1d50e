"""What a team wrote down: Knowledge Objects and resolved issue summaries, read, checked and linked."""
