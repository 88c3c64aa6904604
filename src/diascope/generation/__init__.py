"""Generation: engines, constrained decoding, and the verb that answers a whole record file."""

from diascope.generation.predict import predict

__all__ = ["predict"]
