"""Records of fixtures and phantoms beside their images, and the conversations made of them."""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from diascope.curation.conversations import form
from diascope.curation.conversations.form import Lack
from diascope.curation.conversations.studies import Opened, Studies
from diascope.recordfile import write_records
from diascope.records import Record
from diascope.sources import all_sources

FIXTURES = Path(__file__).parents[2] / "sources" / "fixtures"


class Told(NamedTuple):
    """What a form made of all studies."""

    records: list[Record]
    lacks: list[str]

    def named(self, name: str) -> Record:
        return next(record for record in self.records if record.id == name)


@cache
def opened(path: Path) -> list[Opened]:
    return list(Studies([path]))


def told(path: Path, name: str, seed: int = 0) -> Told:
    made: list[Record] = []
    lacks: list[str] = []
    for one in opened(path):
        assert one.study is not None or one.left_out
        for item in form(name).conversations(one.study, seed) if one.study else ():
            if isinstance(item, Lack):
                lacks.append(item.why)
            else:
                made.append(item)
    return Told(made, lacks)


@pytest.fixture(scope="session")
def fixture_records(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The record file of a source's fixture, its images beside it; read it, never write it."""

    @cache
    def of(source: str) -> Path:
        root = tmp_path_factory.mktemp("fixtures") / source
        shutil.copytree(FIXTURES / source / "raw", root)
        items = all_sources()[source].read(root)
        write_records(root / "records.jsonl", (one for one in items if isinstance(one, Record)))
        return root / "records.jsonl"

    return of


@pytest.fixture
def make(fixture_records: Callable[[str], Path]) -> Callable[..., Told]:
    """What a form makes of a source's fixture."""

    def of(source: str, name: str, seed: int = 0) -> Told:
        return told(fixture_records(source), name, seed)

    return of


SOURCES = (
    "brax",
    "chest_imagenome",
    "chestx_det",
    "chexpert",
    "chexpert_plus",
    "covid19_radiography",
    "covid_qu_ex",
    "jsrt",
    "mimic_cxr",
    "mimic_cxr_vqa",
    "mimic_diff_vqa",
    "ms_cxr",
    "nih_cxr14",
    "openi",
    "qata_cov19",
    "radialog",
    "rsna_pneumonia",
    "siim_pneumothorax",
    "vindr_cxr",
)


@pytest.fixture(params=[*SOURCES, "phantom"])
def records_file(
    request: pytest.FixtureRequest, fixture_records: Callable[[str], Path], phantom: Path
) -> Path:
    """Every source that M4CXR has data of, and phantoms."""
    return phantom if request.param == "phantom" else fixture_records(request.param)
