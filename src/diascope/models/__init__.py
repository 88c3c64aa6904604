"""Model families, one file each; every module here that exports FAMILY is one."""

from collections.abc import Mapping

from diascope.errors import InputError, nearest
from diascope.models.family import Family  # first: importing it later would hide the function
from diascope.plugins import scan


def all_families() -> Mapping[str, Family]:
    """Every family by name."""
    return scan(__name__, __path__, "FAMILY", "diascope.families")


def family(name: str) -> Family:
    """The family of that name, else an error that names the nearest."""
    families = all_families()
    if name not in families:
        raise InputError(f"unknown model family {name!r}{nearest(name, families)}")
    return families[name]
