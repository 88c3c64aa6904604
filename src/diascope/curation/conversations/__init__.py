"""Conversations out of records: M4CXR's forms, one file each, found by looking in this folder.

A form reads what the records of one study say and asks about it in M4CXR's words (arXiv 2408.16213;
its published templates). What it makes are records again: turns are of the usual tasks, answers are
those of the records, boxes stay in pixels of the original image.
"""

from collections.abc import Mapping
from functools import cache

from diascope.curation.conversations.form import Form
from diascope.errors import InputError, nearest
from diascope.plugins import scan


@cache
def all_forms() -> Mapping[str, Form]:
    """Every form by name, read-only: modules of this package, then plug-ins."""
    return scan(__name__, __path__, "FORM", "diascope.forms")


def form(name: str) -> Form:
    """The form of this name; InputError with the nearest name where there is none."""
    if name not in all_forms():
        raise InputError(f"unknown form {name!r}{nearest(name, all_forms())}")
    return all_forms()[name]


__all__ = ["Form", "all_forms", "form"]
