"""Shards as an array job of SLURM, whose nodes see the raw data and the work folder.

Task i of n takes every n-th shard from the i-th on, and skips those that are finished, so the size
of the array is bound by the cluster alone. Partition, account, memory and time are taken from
SBATCH_PARTITION, SBATCH_ACCOUNT, SBATCH_MEM_PER_CPU and SBATCH_TIMELIMIT, as sbatch does.
"""

import hashlib
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from diascope.curation._shards.work import LOG, TRIES, Work
from diascope.errors import InputError

SCRIPT = "array.sh"
COMMAND = ("sbatch", "--wait", "--parsable")
_SECONDS_BETWEEN_LOOKS = 2.0


def script(folder: Path, workers: int) -> str:
    """The job: an array of `workers` tasks, one processor each, put back where a node is lost."""
    place = str(folder.resolve())
    digest = hashlib.sha256(place.encode()).hexdigest()[:8]
    worker = (sys.executable, "-m", "diascope.curation._shards.worker", place)
    return "\n".join(
        (
            "#!/bin/sh",
            f"# {command(folder)}",
            f"#SBATCH --job-name=diascope-{digest}",
            "# waits for an earlier job on the same folder",
            "#SBATCH --dependency=singleton",
            f"#SBATCH --array=0-{workers - 1}",
            "#SBATCH --ntasks=1 --cpus-per-task=1",
            "#SBATCH --requeue --open-mode=append",
            f'exec {shlex.join(worker)} "$SLURM_ARRAY_TASK_ID" {workers}',
            "",
        )
    )


def command(folder: Path) -> str:
    """What submits the job, for a person."""
    log, job = folder.resolve() / LOG, folder.resolve() / SCRIPT
    return shlex.join((*COMMAND, f"--chdir={log}", str(job)))


def run(work: Work, numbers: Sequence[int], workers: int) -> Iterator[int]:
    """Examine the shards; each number comes when its shard is seen to be finished.

    InputError where sbatch is missing or refuses the job, or a shard is not finished by three jobs.
    """
    folder = work.folder.resolve()
    (folder / SCRIPT).write_text(script(folder, workers))
    left = set(numbers)
    for _ in range(TRIES):
        with _submitted(folder) as job:
            is_running = True
            while left and is_running:
                is_running = job.poll() is None
                done = left.difference(work.unfinished())
                left -= done
                yield from sorted(done)
                time.sleep(_SECONDS_BETWEEN_LOOKS if is_running else 0)
        if not left:
            return
    raise InputError(
        f"{len(left)} shards, the first of them {min(left)}, were not finished by {TRIES} jobs one "
        f"after the other; {folder / LOG} has what their tasks said"
    )


@contextmanager
def _submitted(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """The waiting sbatch; its job is cancelled where it is left before its end."""
    words = shlex.split(command(folder))
    with (folder / LOG / "sbatch").open("w+") as said:
        try:
            process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=said, text=True)  # noqa: S603
        except FileNotFoundError:
            raise InputError(
                "there is no sbatch here; run it where jobs are submitted, or with another launcher"
            ) from None
        with process:
            number = process.stdout.readline().strip() if process.stdout else ""
            if not number:
                said.seek(0)
                raise InputError(f"sbatch refused the job: {said.read().strip()}")
            try:
                yield process
            finally:
                if process.poll() is None:
                    subprocess.run(["scancel", number], check=False)  # noqa: S603, S607
                    process.kill()
