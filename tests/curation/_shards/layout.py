"""A layout of our own with everything in it that a preparation meets, and what it came to."""

import hashlib
import os
from pathlib import Path

import numpy as np
import PIL.Image

from diascope.answers import Choice
from diascope.curation._shards.local import COMMAND
from diascope.expectations import Options
from diascope.recordfile import write_records
from diascope.records import Image, Record, Turn

RECORDS, PICTURES = 60, 23
YES_NO = Options(options=("Yes", "No"))
KILLED = -9


def pictures(root: Path) -> None:
    """Blobs of several sizes; the last is the first one encoded anew."""
    (root / "raw").mkdir(parents=True, exist_ok=True)
    for number in range(PICTURES):
        seed = 0 if number == PICTURES - 1 else number
        coarse = np.random.default_rng(seed).integers(0, 255, (12, 12), np.uint8)
        side = (96, 120, 150)[seed % 3]
        drawn = PIL.Image.fromarray(coarse).resize((side, side), PIL.Image.Resampling.BICUBIC)
        drawn.save(root / "raw" / f"{number}.png", compress_level=number % 10)
    whole = (root / "raw/1.png").read_bytes()
    (root / "raw/cut.png").write_bytes(whole[: len(whole) * 2 // 3])


def record(number: int, picture: str, split: str) -> Record:
    """A question about a picture of its own patient, who returns every eleventh time."""
    side = (96, 120, 150)[int(picture) % 3] if picture.isdecimal() else 120
    if picture == str(PICTURES - 1):
        side = 96
    answer = Choice(option=YES_NO.options[number % 2])
    return Record(
        id=f"r{number}",
        dataset="d",
        patient=f"p{number % 11}" if not split else f"q{number}",
        study="s",
        split=split,
        images=(Image(path=f"raw/{picture}.png", width=side, height=side),),
        turns=(Turn(task="classification", question="?", expects=YES_NO, answer=answer),),
    )


def write(root: Path) -> Path:
    """Ids given again, in the same shard and in others; splits given and to be dealt; bad files."""
    pictures(root)
    records = [
        record(number, str(number % (PICTURES - 1)), "" if number % 3 else "train")
        for number in range(RECORDS)
    ]
    records[12] = record(12, "cut", "train")
    records[21] = record(21, "gone", "train")
    records[30] = record(30, str(PICTURES - 1), "test")
    file = root / "records.jsonl"
    write_records(file, records)
    lines = file.read_text().splitlines()
    lines[7:7] = [lines[3], "{"]
    lines += [lines[5], lines[12]]
    file.write_text("\n".join(lines))
    return root


def tree(out: Path) -> dict[str, str]:
    """The digest of every file of a prepared folder, but for the index, which names a moment."""
    files = (path for path in out.rglob("*") if path.is_file() and path.suffix != ".index")
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def workers(parent: int) -> list[int]:
    """The processes that examine shards for a process."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            owner = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if entry.name.isdecimal() and owner == parent and COMMAND[-1].encode() in words:
            found.append(int(entry.name))
    return found


def kill(process: int) -> None:
    """The hard way."""
    os.kill(process, 9)
