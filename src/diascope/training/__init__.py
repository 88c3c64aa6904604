"""Fine-tuning: configuration, loop, loss, checkpoints."""
