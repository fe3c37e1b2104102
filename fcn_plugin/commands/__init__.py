"""The commands, one module each: parse, prepare, call."""
