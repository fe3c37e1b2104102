"""The one error that a user, not a programmer, has to mend; tools print it alone and exit with 2."""


class UserError(ValueError):
    """Bad input: says what was received, in which file, and what to do."""
