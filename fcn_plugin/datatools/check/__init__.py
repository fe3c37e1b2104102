"""Check a data set: read every file once and report what is wrong with it."""
