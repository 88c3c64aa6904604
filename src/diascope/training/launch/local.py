"""Processes of this machine, which no other machine can speak to."""

import os
import shlex
import socket
from collections.abc import Iterator

from diascope.training.launch import children
from diascope.training.launch.children import Child
from diascope.training.launch.job import LOOPBACK, Job, one_machine


def command(job: Job) -> str:
    """A line for each process, as a shell would start them."""
    one_machine(job, "local")
    return "\n".join(
        " ".join(f"{name}={value}" for name, value in place.items()) + f" {shlex.join(job.words)} &"
        for place in _places(job)
    )


def run(job: Job) -> int:
    """Start them and wait for them."""
    one_machine(job, "local")
    return children.run([Child(job.words, os.environ | place) for place in _places(job)])


def _places(job: Job) -> Iterator[dict[str, str]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for rank in range(job.size):
        number = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(job.size)}
        yield number | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)} | LOOPBACK
