"""A process that examines shards of a work folder.

    python -m diascope.curation._shards.worker WORK
    python -m diascope.curation._shards.worker WORK TASK TASKS

Which ones is read from standard input, a number a line; or it is every TASKS-th shard from TASK on.
Each number is written to standard output once its shard is finished.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from diascope.curation._shards.work import Work
from diascope.curation.shards import examine_shard
from diascope.imaging.sandbox import DecodePool


def main(folder: str, *share: str) -> None:
    """Examine the shards that are asked for, one after the other."""
    work = Work.open(Path(folder))
    with DecodePool(1) as pool:
        for number in _numbers(work, *map(int, share)):
            examine_shard(work, number, pool)
            print(number, flush=True)  # noqa: T201


def _numbers(work: Work, task: int | None = None, tasks: int = 1) -> Iterable[int]:
    return map(int, sys.stdin) if task is None else range(task, work.num_shards, tasks)


if __name__ == "__main__":
    main(*sys.argv[1:])
