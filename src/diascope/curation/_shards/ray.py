"""Shards as tasks of a Ray cluster, whose nodes see the raw data and the work folder.

Ray begins a task again where its process or its node is lost.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from diascope.curation._shards.work import TRIES, Work
from diascope.curation.shards import examine_shard
from diascope.errors import InputError
from diascope.imaging.sandbox import DecodePool
from diascope.raycluster import connected


def run(work: Work, numbers: Sequence[int], workers: int) -> Iterator[int]:
    """Examine the shards, at most `workers` at a time; each number comes when it is finished.

    The cluster is the one that RAY_ADDRESS names or that runs on this machine, else one of this
    machine alone. InputError where Ray is missing, or gives a shard up.
    """
    with connected(shows_output=False) as ray:
        task = ray.remote(num_cpus=1, max_retries=TRIES, retry_exceptions=[OSError])(_examine)
        folder, running = str(work.folder.resolve()), dict[Any, int]()
        try:
            for number in numbers:
                running[task.remote(folder, number)] = number
                if len(running) >= workers:
                    yield _finished(ray, running)
            while running:
                yield _finished(ray, running)
        finally:
            for each in running:
                ray.cancel(each, force=True)


def _examine(folder: str, number: int) -> None:
    with DecodePool(1) as pool:
        examine_shard(Work.open(Path(folder)), number, pool)


def _finished(ray: ModuleType, running: dict[Any, int]) -> int:
    """The next shard that is finished, taken from those that are running."""
    (done, *_), _ = ray.wait(list(running))
    number = running.pop(done)
    try:
        ray.get(done)
    except ray.exceptions.RayError as error:
        raise InputError(
            f"shard {number}: Ray gave it up ({type(error).__name__}); its logs say why, and the "
            "nodes must see the raw data and the work folder under the same paths"
        ) from error
    return number
