"""torchrun: on this machine, or given alike on each of several, with processes started again.

diascope train recipe.toml --launcher torchrun --nodes 2 --processes 8 --rendezvous node-1:29400

torch's store and its messages are guarded by nothing: keep the machines in a network of their own.
"""

import os
import shlex
import sys

from diascope.errors import InputError
from diascope.training.launch import children
from diascope.training.launch.children import Child
from diascope.training.launch.job import LOOPBACK, TRIES, Job

_HERE = ("127.0.0.1", "localhost")


def command(job: Job) -> str:
    """What is run on each machine."""
    set_here = "".join(f"{name}={value} " for name, value in _environment(job).items())
    return f"{set_here}{shlex.join(words(job))}"


def run(job: Job) -> int:
    """Run this machine's part."""
    return children.run([Child(words(job), os.environ | _environment(job))])


def words(job: Job) -> tuple[str, ...]:
    """torchrun, and what it starts; InputError for several machines without a meeting place."""
    meeting = _meeting(job)
    here = ("--local-addr=127.0.0.1",) if _is_here(meeting) else ()
    return (
        *(sys.executable, "-m", "torch.distributed.run"),
        *(f"--nnodes={job.nodes}", f"--nproc-per-node={job.processes}"),
        f"--max-restarts={TRIES}",
        *("--rdzv-backend=c10d", f"--rdzv-endpoint={meeting}", f"--rdzv-id={job.name}"),
        *here,
        *job.arguments,
    )


def _meeting(job: Job) -> str:
    if job.rendezvous is None and job.nodes > 1:
        raise InputError(
            f"--launcher torchrun --nodes {job.nodes}: give all of them the same --rendezvous "
            "HOST:PORT, a port of one of them"
        )
    return job.rendezvous or "127.0.0.1:0"


def _is_here(meeting: str) -> bool:
    return meeting.rpartition(":")[0] in _HERE


def _environment(job: Job) -> dict[str, str]:
    return LOOPBACK if _is_here(_meeting(job)) else {}
