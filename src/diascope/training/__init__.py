"""Fine-tuning: configuration, loop, loss, checkpoints."""

from diascope.training.loop import train

__all__ = ["train"]
