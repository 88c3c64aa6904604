"""Generation: engines, constrained decoding, and the verb that answers a whole record file."""
