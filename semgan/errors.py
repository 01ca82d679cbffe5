"""The exception for errors that a user can correct, and the exit statuses of commands."""

EXIT_USER_ERROR = 2
"""Bad input: the message says which file or key, what is wrong and what to do."""
EXIT_PREEMPTED = 75
"""Stopped by a signal after saving: start the same command again to go on (sysexits' EX_TEMPFAIL)."""


class UserError(Exception):
    """Bad input, in one sentence that names the file or key, what is wrong and what to do. Commands print it without a traceback."""
