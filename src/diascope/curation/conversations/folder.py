"""A folder of conversations: made of prepared folders, and itself one to train and score on.

    OUT/records.jsonl (and its index)   OUT/images/   OUT/fingerprints.bin
    OUT/audit.json   OUT/contents.json   OUT/conversations.json   OUT/mixture.toml

Images are linked under their names by content, as `prepare` names them. `mixture.toml` has M4CXR's
weights of the groups that training may draw from; a recipe takes it as its `base`. OUT appears
whole at the end or not at all.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from diascope import __version__
from diascope.configuration import write_toml
from diascope.curation.audit import Audit, Exclusion, Tally, excluded
from diascope.curation.contents import Reader
from diascope.curation.conversations.counts import Counts, GroupCount, LackCount
from diascope.curation.conversations.form import Form, Lack
from diascope.curation.conversations.studies import Opened, Studies
from diascope.curation.conversations.weights import group_weights
from diascope.curation.fingerprint import Fingerprint
from diascope.curation.outfolder import link_or_copy, partial_name, publish, refuse_used
from diascope.curation.prints import FILE, Named, PrintWriter, named, read_prints
from diascope.curation.split import is_training
from diascope.errors import InputError
from diascope.recordfile import RecordFile, write_records
from diascope.records import Image, Record
from diascope.tasks.checks import problems
from diascope.values import Value

RECORDS = "records.jsonl"
SUMMARY = "conversations.json"
MIXTURE = "mixture.toml"
_NAMED = 3

Progress = Callable[[int, int], None]


class Summary(Value):
    """What was made, of what, and what was lacking; it says nothing of a single patient."""

    diascope: str
    """Version that made it."""
    seed: int
    forms: tuple[str, ...]
    sources_sha256: tuple[str, ...]
    """Of the record files that it was made of, in order."""
    records_sha256: str
    restricted: bool
    """Whether any record must not leave the machine."""
    groups: tuple[GroupCount, ...]
    lacks: tuple[LackCount, ...]


class Made(NamedTuple):
    """What was made."""

    out: Path
    summary: Summary
    audit: Audit


def make_conversations(
    paths: Sequence[Path],
    out: Path,
    forms: Sequence[Form],
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> Made:
    """Make the forms' conversations of some record files, and write them to `out`.

    `progress` is told studies done and studies in all. InputError where `out` exists and is not
    empty, a file is none of records, or not one conversation can be made.
    """
    for path in paths:
        refuse_used(out, path.parent)
    partial = partial_name(out)
    partial.mkdir(parents=True)
    try:
        made = _Job(paths, partial, forms, seed).run(progress)
        publish(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return made._replace(out=out)


def survey_conversations(
    paths: Sequence[Path],
    forms: Sequence[Form],
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> Made:
    """What `make_conversations` would make; nothing is kept of it."""
    with tempfile.TemporaryDirectory() as folder:
        return _Job(paths, Path(folder), forms, seed, keeps_images=False).run(progress)


class _Job:
    """Opens every study, makes conversations of it, and counts."""

    def __init__(
        self,
        paths: Sequence[Path],
        folder: Path,
        forms: Sequence[Form],
        seed: int,
        keeps_images: bool = True,
    ) -> None:
        self._paths = paths
        self._folder = folder
        self._forms = forms
        self._seed = seed
        self._keeps_images = keeps_images
        self._counts = Counts()
        self._exclusions: list[Exclusion] = []
        self._shown: set[Named] = set()

    def run(self, progress: Progress) -> Made:
        """Write everything into the folder."""
        tally, reader = Tally(), Reader()
        if not write_records(self._folder / RECORDS, self._counted(tally, reader, progress)):
            raise InputError(f"not one conversation can be made: {self._why_none()}")
        audit = tally.audit(self._exclusions)
        summary = self._summary(audit)
        values = {"audit.json": audit, "contents.json": reader.contents(), SUMMARY: summary}
        for name, value in values.items():
            (self._folder / name).write_text(value.model_dump_json(indent=1))
        self._write_mixture(summary)
        self._write_prints()
        return Made(self._folder, summary, audit)

    def _counted(self, tally: Tally, reader: Reader, progress: Progress) -> Iterator[Record]:
        studies = Studies(self._paths)
        for done, opened in enumerate(studies, start=1):
            self._exclusions += opened.left_out
            for made in self._conversations(opened):
                tally.add(made)
                reader.add(made)
                yield made
            progress(done, len(studies))

    def _conversations(self, opened: Opened) -> Iterator[Record]:
        if opened.study is None:
            return
        dataset = opened.study.data_set.name
        for form in self._forms:
            for made in form.conversations(opened.study, self._seed):
                if isinstance(made, Lack):
                    self._counts.lack(form, dataset, made)
                elif wrong := _wrong(made):
                    self._exclusions.append(excluded(made, wrong))
                else:
                    self._counts.add(form, dataset, made)
                    yield self._placed(made, opened.root)

    def _placed(self, made: Record, root: Path) -> Record:
        images = tuple(self._linked(image, root) for image in made.images)
        return made.model_copy(update={"images": images})

    def _linked(self, image: Image, root: Path) -> Image:
        """The image under its name by content."""
        name = f"{image.sha256}"[:32] + PurePosixPath(image.path).suffix.lower()
        path = self._folder / "images" / name[:2] / name
        if self._keeps_images and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _link(root / image.path, path)
        self._shown.add(named(f"{image.sha256}", image.frame_index))
        return image.model_copy(update={"path": path.relative_to(self._folder).as_posix()})

    def _summary(self, audit: Audit) -> Summary:
        return Summary(
            diascope=__version__,
            seed=self._seed,
            forms=tuple(form.name for form in self._forms),
            sources_sha256=tuple(RecordFile(path).digest() for path in self._paths),
            records_sha256=RecordFile(self._folder / RECORDS).digest(),
            restricted=audit.restricted > 0,
            groups=tuple(self._counts.groups()),
            lacks=tuple(self._counts.lacks()),
        )

    def _write_mixture(self, summary: Summary) -> None:
        """M4CXR's weights of the groups that have training data; none where it has none of them."""
        drawn = dict.fromkeys(each.group for each in summary.groups if is_training(each.split))
        weights = group_weights(drawn)
        if any(weights.values()):
            mixture = {"kind": "fixed", "by": "dataset", "weights": weights}
            (self._folder / MIXTURE).write_text(write_toml({"data": {"mixture": mixture}}))

    def _write_prints(self) -> None:
        """The fingerprints of the images that are shown, where every folder has them."""
        files = [path.parent / FILE for path in self._paths]
        if not all(file.is_file() for file in files):
            return
        with closing(PrintWriter(self._folder / FILE)) as writer:
            for file in files:
                names, prints = read_prints(file)
                for name, digest, thumbnail in zip(
                    names, prints.digests, prints.thumbnails, strict=True
                ):
                    if name in self._shown:
                        taken = Fingerprint(bytes(digest), bytes(thumbnail))
                        writer.add(name.sha256, name.frame, taken)

    def _why_none(self) -> str:
        """What was lacking most often, or wrong."""
        lacking = [f"{each.form}: {each.why}" for each in self._counts.lacks()]
        wrong = [str(each) for each in self._exclusions]
        return "; ".join((lacking + wrong)[:_NAMED]) or "there are no records"


def _wrong(made: Record) -> str:
    """Why a conversation cannot be used; empty where it can."""
    found = (problems(turn, made.images[turn.image].size) for turn in made.turns)
    return "; ".join(reason for reasons in found for reason in reasons)


def _link(file: Path, place: Path) -> None:
    try:
        link_or_copy(file, place)
    except FileNotFoundError:
        raise InputError(f"{file}: there is no such image; prepare the folder again") from None
