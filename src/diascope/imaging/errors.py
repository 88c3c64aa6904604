"""The one error of a file that is no picture."""

from diascope.errors import InputError


class ImageError(InputError):
    """A file that cannot be read as a picture."""
