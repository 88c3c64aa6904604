"""What a model can run on here."""

import torch


def devices() -> tuple[str, ...]:
    """Every device that torch sees, by name, the processor and its threads first."""
    bf16 = " with bfloat16" if torch.ops.mkldnn._is_mkldnn_bf16_supported() else ""
    graphics = (torch.cuda.get_device_name(each) for each in range(torch.cuda.device_count()))
    return (f"processor, {torch.get_num_threads()} threads{bf16}", *graphics)
