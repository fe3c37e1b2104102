"""One module a command: parse, prepare, call."""
