"""The processes of a run: what they agree on, and what one of them does for all.

A launcher tells each process its place by RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, as
torchrun does. Where WORLD_SIZE is not given there is one process, and all of this costs nothing.
"""

import ctypes
import ipaddress
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed import TCPStore  # type: ignore[attr-defined]
from torch.distributed.distributed_c10d import PrefixStore, Store

from diascope.errors import InputError

Made = TypeVar("Made")

_PATIENCE = timedelta(days=2)
"""How long the others wait for what one process does alone: drawing a cache can take a day."""
_PR_SET_PDEATHSIG = 1
_BUCKET = 16 << 20
"""Numbers of gradients that travel together."""


class Processes:
    """One process, which has nobody to wait for."""

    rank: int = 0
    """0 for the one that writes."""
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes files and tells what happens."""
        return self.rank == 0

    def lead(self, work: Callable[[], object]) -> None:
        """Have one process do this, and the others wait; they leave where it fails."""
        work()

    def in_turn(self, make: Callable[[], Made]) -> Made:
        """What each makes for itself, one before the others, who find what it has left on disk."""
        return make()

    def sum(self, values: Sequence[float]) -> list[float]:
        """Sums over the processes, in float64."""
        return list(values)

    def least(self, value: int) -> int:
        """The least that any of them has."""
        return value

    def told(self, values: Mapping[str, float]) -> dict[str, float]:
        """What the leading process has measured; the others have measured the same names."""
        return dict(values)

    def sum_gradients(self, weights: Sequence[Tensor]) -> None:
        """Add up the gradients; a weight that has none in any process keeps none."""


ALONE = Processes()


class Group(Processes):
    """One of several processes, connected by torch.distributed."""

    def __init__(self, rank: int, size: int, store: Store) -> None:
        self.rank, self.size, self.store = rank, size, store
        self._calls = 0

    def lead(self, work: Callable[[], object]) -> None:
        """Waits by the store, which knows no time limit of collectives."""
        self._calls += 1
        key = f"led {self._calls}"
        if self.leads:
            self._report(key, work)
        else:
            self.store.wait([key], _PATIENCE)
            if self.store.get(key) != b"done":
                raise SystemExit(1)  # the one that failed says why
        dist.barrier()

    def in_turn(self, make: Callable[[], Made]) -> Made:
        """The leading one first."""
        made: list[Made] = []
        self.lead(lambda: made.append(make()))
        return made[0] if made else make()

    def sum(self, values: Sequence[float]) -> list[float]:
        """One message for all of them."""
        sums = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(sums)
        return sums.tolist()

    def least(self, value: int) -> int:
        """Any 63 bits."""
        found = torch.tensor(value)
        dist.all_reduce(found, dist.ReduceOp.MIN)
        return int(found)

    def told(self, values: Mapping[str, float]) -> dict[str, float]:
        """Whatever rounding has made of them elsewhere, all go on from the same."""
        numbers = torch.tensor(list(values.values()), dtype=torch.float64)
        dist.broadcast(numbers, 0)
        return dict(zip(values, numbers.tolist(), strict=True))

    def sum_gradients(self, weights: Sequence[Tensor]) -> None:
        """In float32, many weights a message; whether any has a gradient is asked first."""
        has = torch.tensor([weight.grad is not None for weight in weights], dtype=torch.uint8)
        dist.all_reduce(has, dist.ReduceOp.MAX)
        summed = [weight for weight, any_has in zip(weights, has.tolist(), strict=True) if any_has]
        for weight in summed:
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        for bucket in _buckets(summed):
            _sum_bucket(bucket)

    def _report(self, key: str, work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException:
            self.store.set(key, "failed")
            raise
        self.store.set(key, "done")


def _buckets(weights: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    bucket: list[Tensor] = []
    for weight in weights:
        bucket.append(weight)
        if sum(each.numel() for each in bucket) >= _BUCKET:
            yield bucket
            bucket = []
    if bucket:
        yield bucket


def _sum_bucket(weights: Sequence[Tensor]) -> None:
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    flat = torch.cat([gradient.flatten().float() for gradient in gradients])
    dist.all_reduce(flat)
    parts = torch.split(flat, [gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


def agree(processes: Processes, what: int, named: str) -> None:
    """InputError unless all processes have the same number, a checksum of what `named` says."""
    if processes.least(what) != -processes.least(-what):
        raise InputError(
            f"the processes of this run do not see the same {named}: give all machines the same "
            "files under the same paths, on a disk that they share"
        )


@contextmanager
def connected(environment: Mapping[str, str] = os.environ) -> Iterator[Processes]:
    """The processes that the launcher has started, of which this is one; they part at the end."""
    size = int(environment.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    _end_with_parent()
    rank, store = int(_wanted(environment, "RANK")), _store(environment, size)
    backend = "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(int(environment.get("LOCAL_RANK", "0")))
        backend = "cpu:gloo,cuda:nccl"
    dist.init_process_group(backend, store=store, rank=rank, world_size=size)
    try:
        yield Group(rank, size, PrefixStore("diascope", store))
    finally:
        dist.destroy_process_group()


def _wanted(environment: Mapping[str, str], name: str) -> str:
    if name not in environment:
        raise InputError(
            f"WORLD_SIZE says that there are several processes, but {name} is not set: start them "
            "by diascope train --launcher, or by torchrun"
        )
    return environment[name]


def _store(environment: Mapping[str, str], size: int) -> Store:
    """Where the processes find one another; torchrun has opened it already.

    It is not guarded by anything, so it listens at MASTER_ADDR alone and not on all interfaces.
    """
    host, port = _wanted(environment, "MASTER_ADDR"), int(_wanted(environment, "MASTER_PORT"))
    if environment.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
        attempt = environment.get("TORCHELASTIC_RESTART_COUNT", "0")
        return PrefixStore(f"attempt {attempt}", TCPStore(host, port, size, False))
    if _wanted(environment, "RANK") != "0":
        return TCPStore(host, port, size, False)
    listening = socket.create_server((_interface(host), port))
    return TCPStore(host, port, size, True, master_listen_fd=listening.detach())


def _interface(host: str) -> str:
    """The address to listen at; all of them where this machine knows its name as a loopback."""
    address = socket.gethostbyname(host)
    is_here = host in ("localhost", address)
    return "" if ipaddress.ip_address(address).is_loopback and not is_here else address


def _end_with_parent() -> None:
    """Die with the launcher, where the kernel can be asked to (Linux): alone, this would wait."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    except (AttributeError, OSError, TypeError):
        return
