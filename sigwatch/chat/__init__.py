"""What people say back: clicks on the buttons of a message, as requests."""
