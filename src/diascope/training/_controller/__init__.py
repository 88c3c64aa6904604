"""The pieces of the multi-task controller."""
