"""What the layouts of annotation tools share: every object of an image has a name and a place.

Such layouts name no patient, so that an image is its own. What bounds a reply is one for all images
of a set: its names, and the largest counts of its training part.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from diascope.answers import Box, Mask
from diascope.geometry import Size
from diascope.records import Image, Record, Turn
from diascope.sources import turns
from diascope.sources.folder import Folder, Unreadable

_STEP = 16
_LARGEST = 1e9
"""Of a coordinate; no image is as large, and a whole number in JSON may have a million digits."""
LEARNT = ("train", "")
"""Splits that closed worlds are taken from; records without a split are dealt to all of them."""


class Object(NamedTuple):
    """One object, or a crowd: a region of many that nobody told apart."""

    box: Box
    masks: tuple[Mask, ...] = ()
    """Its outline, in pieces where it is in pieces; empty where it was not drawn."""
    is_crowd: bool = False


@dataclass(frozen=True)
class World:
    """The names of a set, and the most boxes and outlines of an image; outlines may be 0."""

    names: tuple[str, ...]
    boxes: int
    outlines: int = 0


def limit(largest: int) -> int:
    """The most that a reply may list, for a set whose training part has `largest` at most."""
    return max(_STEP, -(-largest // _STEP) * _STEP)


def limit_if_any(largest: int) -> int:
    """The same, and 0 where the training part has none at all."""
    return limit(largest) if largest else 0


def questions(world: World, objects: Sequence[Object] | None) -> Iterator[Turn]:
    """Where the objects of an image are, and their outlines in a set that has them.

    None asks without an answer, for a part whose truth is withheld. The boxes of a name with a
    crowd are unknown, as are the outlines of a name with an object that was not outlined: such a
    name is left out of the question. A crowd is asked for by itself.
    """
    known = objects or ()
    crowds = [each for each in known if each.is_crowd]
    single = [each for each in known if not each.is_crowd]
    yield from _boxes(world, crowds, None if objects is None else single)
    yield from (_crowd(name, crowds, world.boxes) for name in _names(crowds))
    if world.outlines:
        yield from _outlines(world, objects)


def lone(dataset: str, image: Image, split: str, asked: Iterable[Turn]) -> Record:
    """The record of an image whose layout names no patient; Unreadable where nothing is asked."""
    turns_asked = tuple(asked)
    if not turns_asked:
        raise Unreadable("nothing is known of it that could be asked")
    stem = str(PurePosixPath(image.path).with_suffix(""))
    return Record(
        id=image.path,
        dataset=dataset,
        patient=stem,
        study=stem,
        split=split,
        images=(image,),
        turns=turns_asked,
    )


def image_of_size(folder: Folder, name: str, told: Size, **facts: Any) -> Image:
    """The image, with more of its fields; Unreadable where its annotation tells another size."""
    image = folder.image(name, **facts)
    if image.size != told:
        found = f"{image.width} x {image.height}"
        raise Unreadable(f"{name!r} is {found}, its annotation says {told.width} x {told.height}")
    return image


def numbers(found: Any, what: str, count: int | None = None) -> list[float]:
    """A list of numbers out of JSON, of `count` where it is given; Unreadable for anything else."""
    if not isinstance(found, list) or not all(map(_is_number, found)):
        raise Unreadable(f"{what} is no list of numbers")
    if count not in (None, len(found)):
        raise Unreadable(f"{what} has {len(found)} numbers, not {count}")
    return [float(each) for each in found]


def _is_number(found: Any) -> bool:
    return type(found) in (int, float) and abs(found) <= _LARGEST


def outline(name: str, points: Sequence[tuple[float, float]]) -> Mask:
    """A polygon; some tools repeat its first point at the end, which is left out."""
    closed = len(points) > 1 and points[0] == points[-1]
    return Mask(label=name, polygon=tuple(points[:-1] if closed else points))


def around(name: str, points: Sequence[tuple[float, float]]) -> Box:
    """The box round points."""
    if not points:
        raise Unreadable(f"a shape of {name!r} has no points")
    xs, ys = zip(*points, strict=True)
    return Box(label=name, x0=min(xs), y0=min(ys), x1=max(xs), y1=max(ys))


def _boxes(
    world: World, crowds: Sequence[Object], single: Sequence[Object] | None
) -> Iterator[Turn]:
    unknown = _names(crowds)
    names = tuple(name for name in world.names if name not in unknown)
    boxes = [each.box for each in single or () if each.box.label not in unknown]
    if names and len(world.names) == 1:
        yield _opened(turns.find(names[0], names, boxes, world.boxes), single is None)
    elif names:
        yield _opened(turns.find_by_type("object", names, boxes, world.boxes), single is None)


def _crowd(name: str, crowds: Sequence[Object], most: int) -> Turn:
    boxes = [each.box for each in crowds if each.box.label == name]
    return turns.where(f"the crowd of {name}", name, boxes, most)


def _outlines(world: World, objects: Sequence[Object] | None) -> Iterator[Turn]:
    unknown = {each.box.label for each in objects or () if not each.masks}
    names = tuple(name for name in world.names if name not in unknown)
    masks = [mask for each in objects or () for mask in each.masks if mask.label not in unknown]
    what = f"every {names[0]}" if len(world.names) == 1 and names else "every object"
    if names:
        yield _opened(turns.outline(what, names, masks, world.outlines), objects is None)


def _names(objects: Sequence[Object]) -> list[str]:
    return list(dict.fromkeys(each.box.label for each in objects))


def _opened(turn: Turn, is_open: bool) -> Turn:
    return turn.model_copy(update={"answer": None}) if is_open else turn
