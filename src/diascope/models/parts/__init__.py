"""Parts that composed models are made of."""
