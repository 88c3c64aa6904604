"""Errors for people: what is wrong, where, why, and how to mend it."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """The user's input cannot be used; shown as one message without a traceback, exit code 2."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """The end of a message: `, did you mean 'x'?` for the closest valid name, else all of them."""
    names = sorted(valid)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f", did you mean {close[0]!r}?"
    return f"; valid names: {', '.join(names)}" if names else ""
