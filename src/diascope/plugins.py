"""Extension by adding a file: what a package's modules and installed plug-ins export.

A module of the scanned package, or an object that another distribution names in an entry point
group, adds itself by exporting one named object. Nothing is registered by running a decorator.
"""

import importlib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any


def scan(
    package_name: str, package_path: Iterable[str], constant: str, group: str
) -> Mapping[str, Any]:
    """Every object exported as `constant` by the package's modules or by entry points in `group`.

    Keys are the objects' names, modules in alphabetical order first. Modules whose name starts with
    an underscore, and modules without the constant, are skipped. ValueError for a name used twice.
    """
    found: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, thing in (*_modules(package_name, package_path, constant), *_plugins(group)):
        if thing.name in found:
            first = origins[thing.name]
            raise ValueError(f"{constant} {thing.name!r} is defined by both {first} and {origin}")
        found[thing.name] = thing
        origins[thing.name] = origin
    return MappingProxyType(found)


def _modules(
    package_name: str, package_path: Iterable[str], constant: str
) -> Iterator[tuple[str, Any]]:
    names = sorted(module.name for module in iter_modules(package_path))
    for name in names:
        if name.startswith("_"):
            continue
        module = importlib.import_module(f"{package_name}.{name}")
        if hasattr(module, constant):
            yield module.__name__, getattr(module, constant)


def _plugins(group: str) -> Iterator[tuple[str, Any]]:
    for point in sorted(entry_points(group=group), key=lambda point: (point.name, point.value)):
        yield f"entry point {point.value}", point.load()
