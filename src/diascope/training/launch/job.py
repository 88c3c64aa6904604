"""What is to be started: the command of every process of a run, and how many of them."""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from diascope.errors import InputError

TRIES = 3
"""How often processes that die are started again, each time from the run's last checkpoint."""
LOOPBACK = {"GLOO_SOCKET_IFNAME": "lo"}
"""Processes of one machine speak to one another where no other machine can listen or answer."""


@dataclass(frozen=True)
class Job:
    """A run in several processes, which see the same files under the same paths."""

    recipe: str
    overrides: Sequence[str]
    out: Path
    processes: int = 1
    """On each machine."""
    nodes: int = 1
    """Machines."""
    rendezvous: str | None = None
    """host:port where machines find one another, for torchrun on several."""

    @property
    def size(self) -> int:
        """Processes in all."""
        return self.processes * self.nodes

    @property
    def arguments(self) -> tuple[str, ...]:
        """Of the Python of each process; it goes on where the run has a checkpoint."""
        told = ("train", self.recipe, *self.overrides, "--out", str(self.out), "--resume")
        return ("-m", "diascope.cli", *told)

    @property
    def words(self) -> tuple[str, ...]:
        """The command of each process."""
        return (sys.executable, *self.arguments)

    @property
    def name(self) -> str:
        """Short, and the same for the same run."""
        digest = hashlib.sha256(str(self.out.resolve()).encode()).hexdigest()[:8]
        return f"diascope-{digest}"


def one_machine(job: Job, launcher: str) -> None:
    """InputError for a job of several."""
    if job.nodes > 1:
        raise InputError(
            f"--launcher {launcher} starts processes on this machine alone; for --nodes "
            f"{job.nodes} take torchrun, slurm or ray"
        )
