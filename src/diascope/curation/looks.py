"""What decoding an image once tells of it: its size, its file's digest, and what is doubtful.

Its fingerprint is kept. Files are untrusted here, so they are decoded in the pool's workers,
several at a time; a header is read here only once a worker has read the whole file and lived.
"""

import hashlib
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from diascope.curation._deidentify.paths import told
from diascope.curation.fingerprint import fingerprint
from diascope.curation.prints import PrintWriter
from diascope.errors import InputError
from diascope.geometry import Size
from diascope.imaging.decode import ImageError, header_of
from diascope.imaging.sandbox import DecodePool, Item
from diascope.records import Image

_KEPT = 100_000

Key = tuple[str, int | None]


class Look(NamedTuple):
    """One image that could be decoded."""

    size: Size
    sha256: str
    doubts: tuple[str, ...] = ()
    """Why a person should look at it before a model learns from it."""


class Looks:
    """Looks at images; the last ones are remembered, so each is decoded once."""

    def __init__(
        self, image_bytes: Callable[[str], bytes], pool: DecodePool, prints: PrintWriter
    ) -> None:
        """`image_bytes` reads the file of an image by its path; `prints` gets its fingerprint."""
        self._image_bytes = image_bytes
        self._pool = pool
        self._prints = prints
        self._kept: OrderedDict[Key, Look | str] = OrderedDict()

    def take(self, images: Iterable[Image]) -> dict[Key, Look | str]:
        """A look at each image by path and frame, or why it cannot be used."""
        wanted = list(dict.fromkeys((image.path, image.frame_index) for image in images))
        new = [key for key in wanted if key not in self._kept]
        self._kept.update(self._taken(new))
        taken = {key: self._kept[key] for key in wanted}
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return taken

    def _taken(self, keys: Iterable[Key]) -> Iterator[tuple[Key, Look | str]]:
        missing: dict[Key, str] = {}
        waiting: deque[Key] = deque()
        for item, read in self._pool.read_all(self._items(keys, waiting, missing)):
            key = waiting.popleft()
            if isinstance(read, ImageError):
                yield key, str(read)
                continue
            sha256 = hashlib.sha256(item.data).hexdigest()
            self._prints.add(sha256, item.frame, fingerprint(read))
            doubts = tuple(header_of(item.data, item.name).doubts())
            yield key, Look(Size(read.shape[1], read.shape[0]), sha256, doubts)
        yield from missing.items()

    def _items(
        self, keys: Iterable[Key], waiting: deque[Key], missing: dict[Key, str]
    ) -> Iterator[Item]:
        for key in keys:
            path, frame = key
            try:
                item = Item(self._image_bytes(path), told(path), frame)
            except OSError:
                why = "there is no such file; check the path and that it was copied"
                missing[key] = f"{told(path)}: {why}"
            except InputError as error:
                missing[key] = str(error)
            else:
                waiting.append(key)
                yield item
