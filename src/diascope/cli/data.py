"""diascope prepare: a raw layout to audited, patient-safe records."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from diascope.cli.options import (
    AsJson,
    DryRun,
    Seed,
    existing,
    print_json,
    print_rows,
    refuse_existing,
    say,
)
from diascope.cli.progress import progress
from diascope.errors import InputError

if TYPE_CHECKING:
    from diascope.curation.audit import Audit
    from diascope.curation.prepare import PrepareOptions

_LISTED = 10


class OnError(StrEnum):
    """What to do with what cannot be used."""

    skip = "skip"
    stop = "stop"


class Launcher(StrEnum):
    """Who examines the records."""

    local = "local"
    ray = "ray"
    slurm = "slurm"


def prepare(
    source: Annotated[str, typer.Argument(help="The raw layout; `diascope sources` lists all.")],
    root: Annotated[Path, typer.Argument(help="The folder that holds the raw data.")],
    out: Annotated[Path, typer.Argument(help="The folder to write.")],
    on_error: Annotated[
        OnError, typer.Option(help="skip: leave out, count and list what cannot be used.")
    ] = OnError.skip,
    split: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SHARE", help="Shares of patients, where the data has no splits."
        ),
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option(help="An earlier preparation of this data: its patients keep their splits."),
    ] = None,
    deidentify: Annotated[
        Path | None,
        typer.Option(
            metavar="KEY",
            help="Take out whatever names a patient, by the secret in this file; made if missing.",
        ),
    ] = None,
    tokenizer: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FOLDER", help="A family whose tokens are counted, too."),
    ] = None,
    launcher: Annotated[
        Launcher, typer.Option(help="Who examines: this machine, a Ray cluster, or a SLURM array.")
    ] = Launcher.local,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes, tasks at a time, or tasks of the array.")
    ] = 2,
    work: Annotated[
        Path | None,
        typer.Option(help="Keeps what is done, so that the same command goes on after a stop."),
    ] = None,
    seed: Seed = 0,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Turn raw data into audited records."""
    refuse_existing(out)
    from diascope.curation.prepare import PrepareOptions
    from diascope.curation.prepare import prepare as prepare_all

    options = PrepareOptions(
        on_error=on_error.value,
        like=like,
        seed=seed,
        launcher=launcher.value,
        workers=workers,
        work=work,
        deidentify=deidentify,
        tokenizers=tuple(tokenizer or ()),
    )
    if split:
        options = options.model_copy(update={"split": dict(map(_share, split))})
    if dry_run:
        _foretell(source, root, options, as_json)
        return
    with progress("prepare") as report:
        made = prepare_all(source, root, out, options, report)
    from diascope.reporting.data_card import notes, write_data_card

    page = write_data_card(made.out)
    if as_json:
        print_json(made.audit)
        return
    _print_audit(made.audit, str(out), f"all listed in {out / 'audit.json'}")
    _print_notes(list(notes(made.audit, made.contents)), page)
    print(f"data card: {page}")


def _share(text: str) -> tuple[str, float]:
    name, _, share = text.partition("=")
    try:
        return name, float(share)
    except ValueError:
        raise InputError(f"--split {text}: should be a name and a share, as in test=0.2") from None


def _foretell(source: str, root: Path, options: "PrepareOptions", as_json: bool) -> None:
    """The job of a cluster that would be submitted; else what would be kept and left out."""
    from diascope.curation.prepare import job_script

    if options.launcher != "slurm":
        _survey(source, root, options, as_json)
        return
    script = job_script(options)
    say(script.rstrip(), as_json, script=script)


def _survey(source: str, root: Path, options: "PrepareOptions", as_json: bool) -> None:
    """What would be kept and left out; of a source that makes what it reads, what it would make."""
    from diascope.curation.prepare import survey
    from diascope.sources import source as source_named

    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder to read")
    plan = source_named(source).plan
    if plan is not None:
        say(plan(root), as_json, plan=plan(root))
        return
    with progress("examine") as report:
        audit = survey(source, root, options, report)
    if as_json:
        print_json(audit)
    else:
        _print_audit(audit, "would keep", "--json lists them all")


def _print_audit(audit: "Audit", what: str, where: str) -> None:
    """Counts on standard output; what was left out on standard error."""
    rows = [
        (count.split, count.dataset, count.task, str(count.cases), str(count.patients))
        for count in audit.counts
    ]
    print_rows(("split", "dataset", "task", "questions", "patients"), rows)
    print(
        f"{what}: {audit.records} records of {audit.patients} patients, {audit.excluded} left out"
    )
    for exclusion in audit.exclusions[:_LISTED]:
        print(f"left out: {exclusion}", file=sys.stderr)
    if audit.excluded > _LISTED:
        print(f"left out: {audit.excluded - _LISTED} more, {where}", file=sys.stderr)


def _print_notes(notes: list[str], page: Path) -> None:
    """What a person should look at, on standard error."""
    for note in notes[:_LISTED]:
        print(f"look at: {note}", file=sys.stderr)
    if len(notes) > _LISTED:
        print(f"look at: {len(notes) - _LISTED} more, all in {page}", file=sys.stderr)


def sources(as_json: AsJson = False) -> None:
    """List the raw layouts that can be read."""
    from diascope.sources import all_sources

    known = all_sources().values()
    if as_json:
        facts = [
            {"name": each.name, "about": each.about, "confirmed": each.confirmed}
            | {"licence": each.licence, "restricted": each.restricted, "marks": each.marks}
            | {"witnesses": each.witnesses, "counts": dict(each.counts)}
            for each in known
        ]
        print(json.dumps(facts))
        return
    rows = [
        (each.name, each.about, "yes" if each.restricted else "", "" if each.confirmed else "no")
        for each in known
    ]
    print_rows(("source", "what it reads", "restricted", "confirmed"), rows)
    unconfirmed = sum(not each.confirmed for each in known)
    print(f"{len(known)} sources, {unconfirmed} of them without a public witness of their layout")


def leaks(
    folders: Annotated[list[Path], typer.Argument(help="Prepared folders.")],
    as_json: AsJson = False,
) -> None:
    """Refuse pictures, patients and reports in two splits."""
    from diascope.curation.inspection import inspect_folders
    from diascope.curation.leaks import gate

    report = inspect_folders([existing(folder) for folder in folders])
    if as_json:
        print_json(report)
    else:
        rows = [(what, str(count)) for what, count in report.counts().items()]
        rows += [("report section also in training", str(len(report.texts)))]
        print_rows(("found", "pairs"), rows)
    gate(report)


def fetch(
    source: Annotated[str, typer.Argument(help="The set; `diascope sources` lists all.")],
    out: Annotated[Path, typer.Argument(help="A new folder, or one that a fetch has begun.")],
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="Agree to the licence without being asked.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Download a set that has a public address."""
    from diascope.curation.fetch import fetch as fetch_set
    from diascope.curation.fetch import terms
    from diascope.sources import source as source_named

    chosen = source_named(source)
    if dry_run:
        say(terms(chosen), as_json, terms=terms(chosen))
        return
    agreed = _agreed(terms(chosen), accept_licence)
    with progress("fetch") as report:
        folder = fetch_set(chosen, out, lambda _: agreed, report)
    say(f"fetched: {folder}", as_json, folder=str(folder))


def _agreed(words: str, accepted: bool) -> bool:
    """Before the progress bar, which would write over the question."""
    print(words, file=sys.stderr)
    if accepted:
        return True
    if not sys.stdin.isatty():
        raise InputError("the licence above must be agreed to: add --accept-licence")
    return typer.confirm("Do you agree to this licence?", err=True)
