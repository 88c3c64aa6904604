"""A connection to a Ray cluster, for whoever hands work to its nodes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

from diascope.errors import InputError


@contextmanager
def connected(shows_output: bool) -> Iterator[ModuleType]:
    """Ray, connected; a connection that was there before is left.

    The cluster is the one that RAY_ADDRESS names or that runs on this machine, else one of this
    machine alone. `shows_output`: what its processes print is printed here too. InputError where
    Ray is missing.
    """
    try:
        ray = import_module("ray")
    except ImportError:
        raise InputError(
            "running on Ray needs Ray; install it with: pip install 'diascope[ray]'"
        ) from None
    if ray.is_initialized():
        yield ray
        return
    # nothing is told to anybody, and no page of its own is served
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(include_dashboard=False, log_to_driver=shows_output)
    try:
        yield ray
    finally:
        ray.shutdown()
