"""What a model can run on here."""

import ctypes

import torch

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
"""Parameters of glibc's mallopt (malloc.h)."""


def devices() -> tuple[str, ...]:
    """Every device that torch sees, by name, the processor and its threads first."""
    bf16 = " with bfloat16" if has_bfloat16() else ""
    graphics = (torch.cuda.get_device_name(each) for each in range(torch.cuda.device_count()))
    return (f"processor, {torch.get_num_threads()} threads{bf16}", *graphics)


def has_bfloat16() -> bool:
    """Whether the processor itself multiplies bfloat16.

    mkldnn's own check says yes wherever AVX-512 can emulate it, which trains tiny at 0.4 times the
    speed of float32.
    """
    known = torch.cpu.get_capabilities()
    return any(bool(has) for name, has in known.items() if name.endswith("bf16"))


def keep_freed_memory() -> None:
    """Let this process keep the memory that it frees; does nothing where malloc is not glibc's.

    glibc hands every large block back to the kernel when it is freed, and gets it cleared when the
    next tensor of that size is made: a third of the time of a training step of tiny on a processor.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_MMAP_THRESHOLD, 32 << 20)  # the most it takes
    mallopt(_TRIM_THRESHOLD, (1 << 31) - 1)
    mallopt(_TOP_PAD, 64 << 20)


def give_back_freed_memory() -> None:
    """Give the kernel what this process has freed; does nothing where malloc is not glibc's."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):
        return
