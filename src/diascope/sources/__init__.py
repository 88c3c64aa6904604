"""The sources: one file each, found by looking in this folder and at installed plug-ins."""

from collections.abc import Mapping
from functools import cache

from diascope.errors import InputError, nearest
from diascope.plugins import scan
from diascope.sources.source import Problem, Source


@cache
def all_sources() -> Mapping[str, Source]:
    """Every source by name, read-only: modules of this package, then plug-ins."""
    return scan(__name__, __path__, "SOURCE", "diascope.sources")


def source(name: str) -> Source:
    """The source of this name; InputError with the nearest name where there is none."""
    if name not in all_sources():
        raise InputError(f"unknown source {name!r}{nearest(name, all_sources())}")
    return all_sources()[name]


__all__ = ["Problem", "Source", "all_sources", "source"]
