"""What this process holds, held at the most, and may take; and a count of living storages."""

import sys
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry, sdpa_backward_flop_count, sdpa_flop_count

from diascope.models.devices import give_back_freed_memory

_STATUS, _MEMORY = Path("/proc/self/status"), Path("/proc/meminfo")
_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


class Live(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of every storage that operations make, for as long as it lives.

    And the floating-point operations of products of matrices, of convolutions and of attention.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self.flops = 0
        self._now = 0
        self._sizes: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The operation's own result, its storages counted."""
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, Tensor):
                self._note(leaf.untyped_storage())
        if count := _FLOPS.get(func.overloadpacket):
            self.flops += count(*args, **(kwargs or {}), out_val=out)
        return out

    def _note(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata  # two views of one storage have it in common
        if key in self._sizes:
            return
        self._sizes[key] = storage.nbytes()
        self._now += storage.nbytes()
        self.peak = max(self.peak, self._now)
        weakref.finalize(storage, self._gone, key)

    def _gone(self, key: int) -> None:
        self._now -= self._sizes.pop(key)


def process_bytes(network: nn.Module) -> int:
    """What this process holds beside the weights of a network; 0 where the system tells nothing.

    What it has freed and keeps (see `keep_freed_memory`) is given back first, so that it does not
    count. On a graphics device what lies there counts, and that is nothing but weights.
    """
    held = {weight.data_ptr(): weight for weight in network.parameters() if not weight.is_meta}
    if any(weight.is_cuda for weight in held.values()):
        return 0
    give_back_freed_memory()
    return max(0, _told(_STATUS, "VmRSS") - sum(weight.nbytes for weight in held.values()))


def peak_bytes(network: nn.Module) -> int:
    """The most that was held so far, by this process or on the network's graphics device."""
    if next(network.parameters()).is_cuda:
        return torch.cuda.max_memory_allocated()
    return _told(_STATUS, "VmHWM")


def free_bytes() -> int:
    """What this process may take, with all that it holds: of the machine, of its control group."""
    free = _told(_MEMORY, "MemAvailable")
    allowed = [int(text) for path in _LIMITS if (text := _text(path)).isdigit()]
    held = _told(_STATUS, "VmRSS")
    return min([free + held if free else sys.maxsize, *allowed])


def _told(path: Path, field: str) -> int:
    """A size that Linux tells, in bytes; 0 where there is none to tell."""
    for line in _text(path).splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _seen(query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> int:
    shapes = query.shape, key.shape, value.shape
    return int(sdpa_flop_count(*shapes))  # type: ignore[no-untyped-call]


def _learnt(out: Tensor, query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> int:
    shapes = out.shape, query.shape, key.shape, value.shape
    return int(sdpa_backward_flop_count(*shapes))  # type: ignore[no-untyped-call]


_FLOPS: Mapping[Any, Any] = flop_registry | {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _seen,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: _learnt,
}
"""torch's own counts, and those of attention on a processor, which are not among them."""
