"""Starts the processes of a run: here, by torchrun, as a job of SLURM, or on a cluster of Ray."""

from collections.abc import Mapping
from enum import StrEnum
from importlib import import_module
from typing import Protocol, cast

from diascope.training.launch.job import Job


class LauncherName(StrEnum):
    """Who starts them."""

    local = "local"
    torchrun = "torchrun"
    slurm = "slurm"
    ray = "ray"


class Launcher(Protocol):
    """One file of this folder."""

    def command(self, job: Job) -> str:
        """Exactly what is run, for a person; InputError for a job that it cannot start."""

    def run(self, job: Job) -> int:
        """Run it to its end and return its exit code, 85 where it wants to be started again."""


def launcher(name: LauncherName) -> Launcher:
    """The launcher of that name."""
    return cast("Launcher", import_module(f"{__name__}.{name}"))


def is_worker(environment: Mapping[str, str]) -> bool:
    """Whether a launcher, or torchrun itself, has started this process."""
    return "RANK" in environment and "WORLD_SIZE" in environment
