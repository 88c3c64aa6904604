"""Data sets as `datasets` and the Hugging Face Hub lay them out: their parts and columns."""
