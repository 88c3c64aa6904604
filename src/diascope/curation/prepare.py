"""prepare: a raw layout to a folder of audited records whose patients are in one split each.

    OUT/records.jsonl (and its index)   OUT/images/   OUT/fingerprints.bin
    OUT/audit.json   OUT/contents.json   OUT/leaks.json   OUT/card.json

Images are named by their content, so that a copy under another name is the same image, and no name
tells of a patient. A patient, or a picture (its copies cropped, resized, mirrored or encoded anew
included), that is found in two splits stays in the one that must not leak: out of train where val
or a test has it, out of val where a test has it. OUT appears whole at the end or not at all.

The layout is read once, here; its records are examined in shards, by processes of this machine or
of a cluster (see `shards`); and the shards are merged, here. What is written is the same whoever
examined them, and however often they were stopped.
"""

import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from diascope import __version__
from diascope.curation import split as splits
from diascope.curation._shards import local, ray, slurm
from diascope.curation._shards.merge import Merge, Merged
from diascope.curation._shards.reading import Reading
from diascope.curation._shards.work import OUT, RECORDS, Order, Work, alone, begun
from diascope.curation.anonymous import Anonymiser, Deidentified, layout_named
from diascope.curation.audit import Audit, Exclusion
from diascope.curation.contents import Contents
from diascope.curation.deidentify import Options as Profile
from diascope.curation.deidentify import read_key
from diascope.curation.leaks import LeakReport
from diascope.curation.outfolder import partial_name, publish_settled, refuse_used
from diascope.curation.shards import examine_shard
from diascope.curation.tokens import families
from diascope.errors import InputError
from diascope.imaging.profile import render_profile
from diascope.imaging.sandbox import DecodePool
from diascope.recordfile import RecordFile
from diascope.sources import Source
from diascope.values import Value

Progress = Callable[[int, int], None]
Launcher = Literal["local", "ray", "slurm"]
_RUN = {"local": local.run, "ray": ray.run, "slurm": slurm.run}


class Card(Value):
    """Where a prepared folder came from; it says nothing of a single patient."""

    source: str
    about: str
    diascope: str
    """Version that prepared it."""
    seed: int
    fractions: dict[str, float]
    """Shares of patients, used only for records whose source gave no split."""
    render_profile: str
    """Digest of the steps that shape pixels."""
    records: int
    records_sha256: str
    datasets: tuple[str, ...]
    licences: tuple[str, ...]
    restricted: bool
    """Whether any record must not leave the machine."""
    deidentified: Deidentified | None = None
    """How, where it was done."""


class Preparation(NamedTuple):
    """What was made."""

    out: Path
    audit: Audit
    leaks: LeakReport
    """Pictures and texts found in more places than one, those left out for it included."""
    card: Card
    contents: Contents


class PrepareOptions(Value):
    """How to prepare."""

    on_error: Literal["skip", "stop"] = "skip"
    """`skip` lists in the audit what cannot be used; `stop` refuses the first such thing."""
    split: Mapping[str, float] = Field(default_factory=lambda: dict(splits.FRACTIONS))
    """Shares of the patients that each split gets, for records that come without one."""
    seed: int = 0
    """Of the order in which patients are dealt."""
    workers: Annotated[int, Field(ge=1)] = 2
    """Processes that examine images: of this machine, or of the cluster."""
    like: Path | None = None
    """An earlier preparation of some of this data: its patients keep their splits."""
    launcher: Launcher = "local"
    """Who examines: processes of this machine, tasks of Ray, or an array job of SLURM."""
    deidentify: Path | None = None
    """File of the key by which records and images are de-identified; made if missing."""
    profile: Profile = Profile()
    """What de-identification keeps beyond the basic profile of DICOM PS3.15."""
    tokenizers: tuple[str, ...] = ()
    """NAME=FOLDER of each family whose tokens are counted, beside the one that ships."""
    work: Path | None = None
    """Where what is done is kept, so that an interrupted preparation goes on; else it is lost."""
    shard_records: Annotated[int, Field(ge=1)] | None = None
    """Records that are examined at a time; None leaves it to the size of the set."""


_DEFAULTS = PrepareOptions()


def prepare(
    source: str,
    root: Path,
    out: Path,
    options: PrepareOptions = _DEFAULTS,
    progress: Progress | None = None,
) -> Preparation:
    """Read the layout `source` under `root`, check every record, and write `out`.

    `progress` is told records examined and records in all. InputError where `out` exists and is not
    empty, nothing under `root` is in the layout, nothing of it can be used, or the work folder was
    begun otherwise.
    """
    layout = layout_named(source, options.deidentify, options.profile)
    splits.checked(options.split)
    refuse_used(out, root)
    out.parent.mkdir(parents=True, exist_ok=True)
    with _work_folder(root, out, options) as folder:
        made = _Job(layout, root, folder, options).run(progress)
        card = _card(layout, folder / OUT / RECORDS, made.audit, options)
        for name, value in {**made._asdict(), "card": card}.items():
            (folder / OUT / f"{name}.json").write_text(value.model_dump_json(indent=1))
        publish_settled(folder / OUT, out)
    return Preparation(out, made.audit, made.leaks, card, made.contents)


def survey(
    source: str,
    root: Path,
    options: PrepareOptions = _DEFAULTS,
    progress: Progress | None = None,
) -> Audit:
    """What `prepare` would keep and what it would leave out, and why; nothing is kept of it."""
    splits.checked(options.split)
    changes = {"on_error": "skip", "launcher": "local", "work": None}
    kept = options.model_copy(update=changes)
    with tempfile.TemporaryDirectory() as folder:
        job = _Job(
            layout_named(source, kept.deidentify, kept.profile),
            root,
            Path(folder),
            kept,
            keeps_images=False,
        )
        return job.run(progress).audit


def job_script(options: PrepareOptions) -> str:
    """The array job that SLURM would be given; InputError without a work folder."""
    if options.work is None:
        raise InputError("the job's script names its work folder: add --work FOLDER, which all see")
    return slurm.script(options.work, options.workers)


class _Job:
    """The steps, with what each leaves in the work folder: read, examine, merge."""

    def __init__(
        self,
        layout: Source,
        root: Path,
        folder: Path,
        options: PrepareOptions,
        keeps_images: bool = True,
    ) -> None:
        self._layout, self._folder, self._options = layout, folder, options
        self._readers = families(options.tokenizers)
        self._order = Order(
            source=layout.name,
            root=str(root.resolve()),
            split=dict(options.split),
            seed=options.seed,
            like=RecordFile(options.like / RECORDS).digest() if options.like else None,
            keeps_images=keeps_images,
            deidentify=str(options.deidentify.resolve()) if options.deidentify else None,
            profile=options.profile,
            diascope=__version__,
            render_profile=render_profile(),
        )

    def run(self, progress: Progress | None) -> Merged:
        """All of them, from where it was stopped."""
        work = begun(self._folder, self._order) or self._read()
        self._examine(work, progress)
        return Merge(work, self._refuse, self._readers).run()

    def _read(self) -> Work:
        known = _splits_before(self._options.like)
        reading = Reading(self._layout, known, self._refuse, self._options.shard_records)
        return reading.into(self._folder, self._order)

    def _examine(self, work: Work, progress: Progress | None) -> None:
        """The shards that are left; those that were finished before are looked at, too."""
        left, total = work.unfinished(), work.plan.records
        told = _Told(progress, total - sum(len(work.places(number)) for number in left), total)
        for number in sorted(set(range(work.num_shards)).difference(left)):
            self._look_at(work, number)
        with closing(self._examined(work, left, told)) as finished:
            for number in finished:
                self._look_at(work, number)

    def _examined(self, work: Work, left: list[int], told: "_Told") -> Generator[int, None, None]:
        """The numbers of shards as they are finished; a process is not started for a single one."""
        options = self._options
        if options.launcher == "local" and 1 in (options.workers, len(left)):
            with DecodePool(options.workers) as pool:
                for number in left:
                    examine_shard(work, number, pool, told)
                    yield number
        elif left:
            for number in _RUN[options.launcher](work, left, options.workers):
                told(len(work.places(number)))
                yield number

    def _look_at(self, work: Work, number: int) -> None:
        for exclusion in work.exclusions(number):
            self._refuse(exclusion)

    def _refuse(self, exclusion: Exclusion) -> None:
        if self._options.on_error == "stop":
            work = self._options.work
            then = f" and remove {work}, which holds what was read before" if work else ""
            raise InputError(
                f"{exclusion}; mend it{then}, or leave such things out with on_error=skip"
            )


@dataclass
class _Told:
    """Adds up the records that are done, and tells."""

    progress: Progress | None
    done: int
    total: int

    def __call__(self, records: int = 1) -> None:
        """So many more are done."""
        self.done += records
        if self.progress:
            self.progress(self.done, self.total)


@contextmanager
def _work_folder(root: Path, out: Path, options: PrepareOptions) -> Iterator[Path]:
    """The user's, which goes once OUT is there; else one that goes in any case."""
    if options.work is None:
        folder = partial_name(out)
        folder.mkdir(mode=0o700)  # the raw paths in it may name patients
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    _make_work(options.work, root, out)
    with alone(options.work):
        yield options.work
        shutil.rmtree(options.work)


def _make_work(work: Path, root: Path, out: Path) -> None:
    """InputError where it would be in the way of others, or OUT cannot be moved out of it."""
    here, there = work.resolve(), out.resolve()
    if here.is_relative_to(root.resolve()) or here.is_relative_to(there):
        raise InputError(f"{work}: a work folder must not lie in the raw data or in {out}")
    work.mkdir(parents=True, exist_ok=True)
    if here.stat().st_dev != there.parent.stat().st_dev:
        raise InputError(
            f"{work}: {out} is on another file system, and cannot appear in one step out of it; "
            "name a work folder beside it"
        )


def _splits_before(folder: Path | None) -> dict[str, str]:
    """The split of every patient of an earlier preparation."""
    if folder is None:
        return {}
    return {record.patient: record.split for record in RecordFile(folder / "records.jsonl")}


def _card(layout: Source, path: Path, audit: Audit, options: PrepareOptions) -> Card:
    records = RecordFile(path)
    return Card(
        source=layout.name,
        about=layout.about,
        diascope=__version__,
        seed=options.seed,
        fractions=dict(options.split),
        render_profile=render_profile(),
        records=len(records),
        records_sha256=records.digest(),
        datasets=records.datasets,
        licences=audit.licences,
        restricted=audit.restricted > 0,
        deidentified=_deidentified(options),
    )


def _deidentified(options: PrepareOptions) -> Deidentified | None:
    if options.deidentify is None:
        return None
    return Anonymiser(read_key(options.deidentify), options.profile).deidentified()
