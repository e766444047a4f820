"""The one exception that is meant for people."""


class UserError(Exception):
    """Something a person can put right: bad settings, a missing file, a diverged training.

    The message is shown alone, without a traceback, so it must name the file or the key, what was
    found, what was expected, and what to do.
    """


class InputError(UserError, ValueError):
    """What a caller of :mod:`advex.api` hands in is not what the function takes."""
