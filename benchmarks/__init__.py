"""Time nets against each other and the machine."""
