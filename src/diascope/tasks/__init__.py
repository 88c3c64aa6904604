"""The tasks: one file each, found by looking in this folder and at installed plug-ins."""

from collections.abc import Mapping
from functools import cache

from diascope.errors import InputError, nearest
from diascope.plugins import scan
from diascope.tasks.task import Task


@cache
def all_tasks() -> Mapping[str, Task]:
    """Every task by name, read-only: modules of this package, then plug-ins."""
    return scan(__name__, __path__, "TASK", "diascope.tasks")


def task(name: str) -> Task:
    """The task of this name; InputError with the nearest name where there is none."""
    if name not in all_tasks():
        raise InputError(f"unknown task {name!r}{nearest(name, all_tasks())}")
    return all_tasks()[name]


__all__ = ["Task", "all_tasks", "task"]
