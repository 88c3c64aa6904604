"""Which layouts a raw folder is in, and whether all of the published set is there."""

from collections.abc import Mapping
from pathlib import Path

from diascope.errors import InputError
from diascope.sources import Source, all_sources
from diascope.sources.source import Problem
from diascope.values import Value


class Inventory(Value):
    """What one source finds in a folder, beside what the whole set holds as published."""

    source: str
    licence: str
    restricted: bool
    confirmed: bool
    """Whether the layout was taken from a public loader or page."""
    found: Mapping[str, int]
    """images, patients, records and questions that could be read, and problems."""
    published: Mapping[str, int]

    @property
    def lacking(self) -> tuple[str, ...]:
        """What there is less of than was published."""
        return tuple(
            what for what, count in self.published.items() if self.found.get(what, count) < count
        )


def take_inventory(root: Path) -> tuple[Inventory, ...]:
    """One inventory for each source that recognises the folder; InputError where none does."""
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder to read")
    known = [source for source in all_sources().values() if source.recognises(root)]
    if not known:
        raise InputError(
            f"{root}: not in the layout of any source; `diascope sources` says what each looks for"
        )
    return tuple(_of(source, root) for source in known)


def _of(source: Source, root: Path) -> Inventory:
    images: set[str] = set()
    patients: set[str] = set()
    records = questions = problems = 0
    for item in source.read(root):
        if isinstance(item, Problem):
            problems += 1
            continue
        images.update(image.path for image in item.images)
        patients.add(item.patient)
        records, questions = records + 1, questions + len(item.turns)
    return Inventory(
        source=source.name,
        licence=source.licence,
        restricted=source.restricted,
        confirmed=source.confirmed,
        found={
            "images": len(images),
            "patients": len(patients),
            "records": records,
            "questions": questions,
            "problems": problems,
        },
        published=source.counts,
    )
