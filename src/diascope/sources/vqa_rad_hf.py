"""vqa_rad_hf: VQA-RAD as two Parquet files, 2,244 questions about 315 radiological images.

    data/train-00000-of-00001-eb8844602202be60.parquet   data/test-00000-of-00001-....parquet

A record is one question. The set's split is by question and nearly every test image is in train, so
it is kept in the metadata alone and records come without a split. Names, organs and the types of
questions and answers are lost in this copy: a question is closed where its answer is yes or no.
"""

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

from diascope.records import Record
from diascope.sources._parquet import extract
from diascope.sources._parquet_vqa import Layout, read
from diascope.sources.source import Problem, Source

_LAYOUT = Layout(dataset="vqa_rad_hf", licence="CC0-1.0", most_chars=400, keeps_split=False)


def _read(root: Path) -> Iterator[Record | Problem]:
    return read(root, _LAYOUT)


SOURCE = Source(
    name=_LAYOUT.dataset,
    about="VQA-RAD in Parquet: questions about radiographs, CT and MR images, without a split",
    read=_read,
    extract=extract,
    marks=("data/train-00000-of-00001-eb8844602202be60.parquet",),
    licence=_LAYOUT.licence,
    witnesses=(
        "https://huggingface.co/datasets/flaviagiammarino/vqa-rad/tree/"
        "bcf91e7654fb9d51c8ab6a5b82cacf3fafd2fae9/data",
        "https://github.com/huggingface/datasets/blob/0152aabb62c3c08661ba377cdf37f6ebbc10a1e4/"
        "src/datasets/features/image.py",
    ),
    counts=MappingProxyType(
        {"images": 315, "questions": 2244, "questions_train": 1793, "questions_test": 451}
    ),
)
