"""Processes on the nodes of a Ray cluster, which see the data and the run's folder alike.

Each is held by an actor of one processor, and one GPU where the cluster has enough of them. Where a
process or a node is lost, all are started again from the run's last checkpoint, on what is left.
"""

import os
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from diascope.errors import InputError
from diascope.raycluster import connected
from diascope.training.launch.job import TRIES, Job
from diascope.training.stopping import REQUEUE, Stop

_SECONDS_FOR_NODES = 600
_SECONDS_BETWEEN_LOOKS = 0.5
_ENDS = (0, 2, REQUEUE)
"""Exit codes after which nothing is tried again."""


class Holder:
    """Holds one process of the run on its node."""

    def place(self) -> tuple[str, str]:
        """An address of this node, and a port that is free there now."""
        address = str(import_module("ray.util").get_node_ip_address())
        with socket.create_server((address, 0)) as free:
            return address, str(free.getsockname()[1])

    def run(self, words: Sequence[str], folder: str, place: Mapping[str, str]) -> int:
        """Run the process to its end and return its exit code; it dies with its actor."""
        told = os.environ | place
        self.process = subprocess.Popen(words, cwd=folder, env=told)  # noqa: S603 - our own words
        return self.process.wait()

    def stop(self) -> None:
        """Ask it to stop."""
        self.process.send_signal(signal.SIGTERM)


def command(job: Job) -> str:
    """What each process is, as the nodes start it."""
    place = f"WORLD_SIZE={job.size} MASTER_ADDR=NODE MASTER_PORT=PORT"
    return "\n".join(f"RANK={rank} {place} {shlex.join(job.words)}" for rank in range(job.size))


def run(job: Job) -> int:
    """Run it, and again where it is cut off; InputError where Ray is missing or too small.

    The cluster is the one that RAY_ADDRESS names or that runs on this machine, else one of this
    machine alone.
    """
    stop, code = Stop(), 1
    with stop.listening(), connected(shows_output=True) as ray:
        for _ in range(TRIES + 1):
            with _holders(ray, job) as holders:
                code = _code(ray, job, holders, stop)
            if code in _ENDS:
                break
    return code


@contextmanager
def _holders(ray: ModuleType, job: Job) -> Iterator[list[Any]]:
    """An actor for each process, on as many nodes as there are."""
    util, scheduling = import_module("ray.util"), import_module("ray.util.scheduling_strategies")
    share = _share(ray.cluster_resources(), job)
    group = util.placement_group([share] * job.size, strategy="SPREAD")
    kind = ray.remote(num_cpus=1, num_gpus=share.get("GPU", 0), max_concurrency=2)(Holder)
    strategies = [
        scheduling.PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=rank)
        for rank in range(job.size)
    ]
    try:
        yield [kind.options(scheduling_strategy=each).remote() for each in strategies]
    finally:
        util.remove_placement_group(group)


def _share(has: Mapping[str, float], job: Job) -> dict[str, float]:
    """What each process is given; one that asks Ray for no GPU is shown none."""
    if has.get("CPU", 0) < job.size:
        raise InputError(
            f"{job.size} processes want as many processors of Ray's, and the cluster has "
            f"{has.get('CPU', 0):.0f}: give fewer --nodes or --processes, or add nodes"
        )
    return {"CPU": 1, "GPU": 1} if has.get("GPU", 0) >= job.size else {"CPU": 1}


def _code(ray: ModuleType, job: Job, holders: Sequence[Any], stop: Stop) -> int:
    """The first exit code that is not 0, or 0; 1 where a node is lost."""
    try:
        address, port = ray.get(holders[0].place.remote(), timeout=_SECONDS_FOR_NODES)
        master = {"MASTER_ADDR": address, "MASTER_PORT": port, "WORLD_SIZE": str(job.size)}
        running = [
            holder.run.remote(job.words, str(Path.cwd()), master | {"RANK": str(rank)})
            for rank, holder in enumerate(holders)
        ]
        return next((code for code in _codes(ray, running, holders, stop) if code), 0)
    except ray.exceptions.RayError:
        return 1


def _codes(
    ray: ModuleType, running: list[Any], holders: Sequence[Any], stop: Stop
) -> Iterator[int]:
    """Exit codes as they come; once this is asked to stop, so are the processes."""
    is_told = False
    while running:
        done, running = ray.wait(running, timeout=_SECONDS_BETWEEN_LOOKS)
        if stop.asked and not is_told:
            is_told = True
            ray.get([holder.stop.remote() for holder in holders])
        yield from map(int, ray.get(done))
