"""A shard: a part of a layout's records, examined by whoever takes it, whenever, as often as it is.

    WORK/shards/000012/records.jsonl     what nothing is wrong with, images named by their content
    WORK/shards/000012/exclusions.jsonl  everything else, and why
    WORK/shards/000012/fingerprints.bin  of each picture that could be decoded

A shard is a function of what was read and of the raw files, and its folder appears whole, so two
processes may examine the same one: the first to finish is believed. Images are put into WORK/out
here and not by the merge, which would carry every byte of a data set through one process; each
appears under its name in one step.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath

from diascope.curation._shards.work import EXCLUSIONS, RECORDS, SHARDS, Work
from diascope.curation.anonymous import layout_named
from diascope.curation.audit import Auditor, Examined, excluded
from diascope.curation.looks import Looks
from diascope.curation.outfolder import publish_settled, sync, write_settled
from diascope.curation.prints import FILE, PrintWriter
from diascope.imaging.sandbox import DecodePool
from diascope.records import Image


def examine_shard(
    work: Work, number: int, pool: DecodePool, progress: Callable[[], None] = lambda: None
) -> None:
    """Examine a shard and publish what was found; nothing is done where it is finished.

    `progress` is called after each record.
    """
    if work.shard(number).is_dir():
        return
    partial = Path(tempfile.mkdtemp(prefix=f".{number:06d}.", dir=work.folder / SHARDS))
    try:
        _Examination(work, number, partial).run(pool, progress)
        _publish(partial, work.shard(number))
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _publish(partial: Path, shard: Path) -> None:
    try:
        publish_settled(partial, shard)
    except OSError:
        # another process has published the same shard meanwhile
        if not shard.is_dir() or not any(shard.iterdir()):
            raise


class _Examination:
    """Of one shard, into a folder of its own."""

    def __init__(self, work: Work, number: int, folder: Path) -> None:
        self._work, self._number, self._folder = work, number, folder
        order = work.order
        key = None if order.deidentify is None else Path(order.deidentify)
        self._layout = layout_named(order.source, key, order.profile)
        self._root = Path(work.order.root)
        self._filled: set[Path] = set()

    def run(self, pool: DecodePool, progress: Callable[[], None]) -> None:
        """All records, in order."""
        prints = PrintWriter(self._folder / FILE)
        records, exclusions = ((self._folder / name).open("wb") for name in (RECORDS, EXCLUSIONS))
        with records, exclusions, closing(prints):
            for record, reasons in self._examined(Auditor(Looks(self._bytes, pool, prints))):
                if reasons:
                    exclusion = excluded(record, "; ".join(reasons))
                    exclusions.write(exclusion.model_dump_json().encode() + b"\n")
                else:
                    images = tuple(self._placed(image) for image in record.images)
                    placed = record.model_copy(update={"images": images})
                    records.write(placed.model_dump_json(exclude_none=True).encode() + b"\n")
                progress()
        for folder in self._filled:
            sync(folder)

    def _examined(self, auditor: Auditor) -> Iterator[Examined]:
        """An id may have been given in an earlier shard, which the auditor has not seen."""
        places = self._work.places(self._number)
        repeated = set(self._work.plan.repeated).intersection(places)
        examined = auditor.examine(self._work.read(self._number))
        for place, (record, reasons) in zip(places, examined, strict=True):
            told = [f"the id {record.id!r} was given to a record before it"] * (place in repeated)
            yield Examined(record, tuple(dict.fromkeys((*told, *reasons))))

    def _placed(self, image: Image) -> Image:
        """The image under its name by content, linked or copied there."""
        name = f"{image.sha256}"[:32] + PurePosixPath(image.path).suffix.lower()
        place = self._work.out / "images" / name[:2] / name
        if self._work.order.keeps_images:
            self._filled |= {place.parent, place.parent.parent}
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists():
                self._copy(image, place)
        return image.model_copy(update={"path": place.relative_to(self._work.out).as_posix()})

    def _copy(self, image: Image, place: Path) -> None:
        """A hard link costs no space; across file systems, or where it is refused, a copy."""
        file = self._root / image.path
        try:
            place.hardlink_to(file.resolve(strict=True))
        except FileExistsError:
            return
        except OSError:
            write_settled(place, self._bytes(image.path), self._folder)

    def _bytes(self, path: str) -> bytes:
        return self._layout.image_bytes(self._root, path)
