"""path_vqa: PathVQA as Parquet files, 32,632 questions about 4,289 figures of pathology.

    data/train-00000-of-00007-....parquet ... data/validation-...   data/test-...

A record is one question; the split is the file's. A figure has no patient and no name: its bytes
are both. Many are CMYK JPEG files with Adobe's marker. One figure may be asked one question with
several right answers, each a record. The first distribution is pickle files, which are not read.
"""

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

from diascope.records import Record
from diascope.sources._parquet import extract
from diascope.sources._parquet_vqa import Layout, read
from diascope.sources.source import Problem, Source

_LAYOUT = Layout(dataset="path_vqa", licence="MIT, figures under their owners'", most_chars=1000)


def _read(root: Path) -> Iterator[Record | Problem]:
    return read(root, _LAYOUT)


SOURCE = Source(
    name=_LAYOUT.dataset,
    about="PathVQA: questions about figures of pathology, half of them closed by yes and no",
    read=_read,
    extract=extract,
    licence=_LAYOUT.licence,
    witnesses=(
        "https://huggingface.co/datasets/flaviagiammarino/path-vqa",
        "https://github.com/huggingface/datasets/blob/0152aabb62c3c08661ba377cdf37f6ebbc10a1e4/"
        "src/datasets/features/image.py",
    ),
    counts=MappingProxyType(
        {
            "images": 4289,
            "questions": 32_632,
            "questions_train": 19_654,
            "questions_val": 6259,
            "questions_test": 6719,
        }
    ),
)
