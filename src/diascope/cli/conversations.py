"""diascope conversations: M4CXR's conversations out of prepared records."""

import sys
from collections import defaultdict
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
    record_file,
    refuse_existing,
)
from diascope.cli.progress import progress

if TYPE_CHECKING:
    from diascope.curation.conversations.folder import Made

_LISTED = 10


def conversations(
    records: Annotated[list[Path], typer.Argument(help="Prepared folders, or record files.")],
    out: Annotated[Path, typer.Argument(help="The folder to write.")],
    form: Annotated[
        list[str] | None,
        typer.Option("--form", metavar="NAME", help="Only this form; may be given again."),
    ] = None,
    seed: Seed = 0,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Turn prepared records into conversations."""
    refuse_existing(out)
    from diascope.curation.conversations import all_forms
    from diascope.curation.conversations import form as form_named
    from diascope.curation.conversations.folder import make_conversations, survey_conversations

    forms = [form_named(name) for name in dict.fromkeys(form)] if form else all_forms().values()
    paths = [record_file(existing(path)) for path in records]
    with progress("conversations") as report:
        if dry_run:
            made = survey_conversations(paths, tuple(forms), seed, report)
        else:
            made = make_conversations(paths, out, tuple(forms), seed, report)
    if as_json:
        print_json(made.summary)
    elif dry_run:
        _print(made, "would make", "which a run would list")
    else:
        _print(made, f"{made.out}:", f"all listed in {made.out / 'audit.json'}")


def _print(made: "Made", what: str, where: str) -> None:
    """Counts on standard output; what was lacking or left out on standard error."""
    rows = [
        (each.group, each.split, str(each.conversations), str(each.turns))
        for each in made.summary.groups
    ]
    print_rows(("group", "split", "conversations", "turns"), rows)
    audit = made.audit
    print(f"{what} {audit.records} conversations, {audit.excluded} left out")
    lacking: dict[str, list[str]] = defaultdict(list)
    for lack in made.summary.lacks:
        lacking[lack.form].append(f"{lack.times} x {lack.dataset}: {lack.why}")
    for name, reasons in lacking.items():
        print(f"lacking for {name}: {'; '.join(reasons)}", file=sys.stderr)
    for exclusion in audit.exclusions[:_LISTED]:
        print(f"left out: {exclusion}", file=sys.stderr)
    if audit.excluded > _LISTED:
        print(f"left out: {audit.excluded - _LISTED} more, {where}", file=sys.stderr)
