"""A job of SLURM, whose nodes see the data and the run's folder under the same paths.

It asks to be warned two minutes before its time is over, writes a checkpoint then, and puts itself
back into the queue. Partition, account, memory and time are taken from SBATCH_PARTITION,
SBATCH_ACCOUNT, SBATCH_MEM_PER_CPU and SBATCH_TIMELIMIT, as sbatch does.
"""

import shlex
import subprocess
from tempfile import TemporaryFile

from diascope.errors import InputError
from diascope.training.launch.job import Job
from diascope.training.stopping import REQUEUE

WARNING_SECONDS = 120
_COMMAND = ("sbatch", "--wait", "--parsable")


def command(job: Job) -> str:
    """The script, and what is done with it."""
    return f"{shlex.join(_COMMAND)} <<'END'\n{script(job)}END"


def script(job: Job) -> str:
    """The job: a task for each process."""
    log = shlex.quote(f"{job.out.resolve()}-%j.log")
    first = 'scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1'
    place = "RANK=$SLURM_PROCID LOCAL_RANK=$SLURM_LOCALID WORLD_SIZE=$SLURM_NTASKS"
    return "\n".join(
        (
            "#!/bin/sh",
            f"#SBATCH --job-name={job.name}",
            "# waits for an earlier job on the same run",
            "#SBATCH --dependency=singleton",
            f"#SBATCH --nodes={job.nodes} --ntasks-per-node={job.processes}",
            f"#SBATCH --requeue --open-mode=append --output={log}",
            f"#SBATCH --signal=USR1@{WARNING_SECONDS}",
            f"export MASTER_ADDR=$({first}) MASTER_PORT=$((20000 + SLURM_JOB_ID % 20000))",
            "srun --kill-on-bad-exit=1 sh -c "
            + shlex.quote(f"{place} exec {shlex.join(job.words)}"),
            "code=$?",
            f'[ $code -ne {REQUEUE} ] || scontrol requeue "$SLURM_JOB_ID"',
            "exit $code",
            "",
        )
    )


def run(job: Job) -> int:
    """Submit it and wait for its end, however often it goes back into the queue.

    It is cancelled where waiting is given up. InputError where sbatch is missing or refuses it.
    """
    with TemporaryFile("w+") as told, TemporaryFile("w+") as said:
        told.write(script(job))
        told.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603 - our own words
                _COMMAND, stdin=told, stdout=subprocess.PIPE, stderr=said, text=True
            )
        except FileNotFoundError:
            raise InputError(
                "there is no sbatch here; run it where jobs are submitted, or with another launcher"
            ) from None
        with process:
            number = process.stdout.readline().strip() if process.stdout else ""
            if not number:
                said.seek(0)
                raise InputError(f"sbatch refused the job: {said.read().strip()}")
            return _waited(process, number)


def _waited(process: "subprocess.Popen[str]", number: str) -> int:
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            subprocess.run(["scancel", number], check=False)  # noqa: S603, S607
            process.kill()
