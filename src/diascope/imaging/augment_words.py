"""Words under a mirror, and what words say of a picture that a map would make untrue.

The words are English; sides named in a few other languages are known only so far as to be refused.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from pydantic import BaseModel

V = TypeVar("V", bound=BaseModel)

_CODES = frozenset({"kind", "task", "unit", "style", "order", "space", "status", "role", "study"})
"""Fields whose strings are no words: the unit L is litres."""
_START, _END = r"(?<![^\W_])", r"(?![^\W_])"
"""Edges of a word; an underscore is one, as in left_lung."""
_OTHER = {"left": "right", "right": "left", "L": "R", "R": "L"}


def _words(*patterns: str) -> re.Pattern[str]:
    """Any of the patterns as whole words, whatever their case."""
    return re.compile(f"{_START}(?:{'|'.join(patterns)}){_END}", re.IGNORECASE)


_SIDE = re.compile(f"{_START}(left|right)(?=(?:wards?|most)?{_END})", re.IGNORECASE)
_PLACE = _words(
    r"(?:left|right)(?:wards?|most)?|upper(?:most)?|lower(?:most)?|top|bottom|side[sd]?",
    r"superior|inferior|anterior|posterior|medial|lateral|ventral|dorsal|proximal|distal",
    r"above|below|beneath|behind|front|back|bases?|basal|basilar|bibasilar|bibasal|apex|apices|apical|middle",
    r"cent(?:er|re|ral)|corners?|edges?|quadrants?|half|halves|zones?|lobes?|peripher\w+|lingula\w*",
    r"horizontal\w*|vertical\w*|tilt\w*|rotat\w*|o'clock|(?:counter|anti)?clockwise",
    r"(?:high|low|near|far|larg|small|bigg)est",
)
_AMOUNT = _words(
    r"how (?:many|much|large|big|small|wide|long|far|deep|thick)|number of|counts?|counted",
    r"measur\w+|diameters?|circumferences?|magnif\w+|\d+(?:\.\d+)?\s*(?:mm|cm|[uµμ]m|ml|cc)",
    r"two|three|four|five|six|seven|eight|nine|ten|(?<![.-])\d+(?:\.\d+)?(?!-)",
)
_COORDINATES = re.compile(r"[\[({]\s*-?\d+(?:\.\d+)?\s*[,;]\s*-?\d|<(?:loc|seg)\d", re.IGNORECASE)
_ONE_SIDED = _words(
    r"dextro\w*|l[ae]*vo\w*|sinist\w*|dexter|situs|apex|apices|apical|lingula\w*|middle lobes?",
    r"azyg\w+|(?:counter|anti)?clockwise|\d+ ?o'clock|o'clock|right[ -]angle[sd]?|corners?|origin",
    r"(?:top|bottom)\W+(?:left|right)|(?:left|right)\W+(?:top|bottom)",
    r"gauche|droite?|linke?[nrs]?|rechte?[nrs]?|izquierd[ao]|derech[ao]|sinistr[ao]|destr[ao]",
)
_ONE_SIDED_CODES = re.compile(
    # lobes, quadrants, chambers and coronaries, eyes, oblique and mammographic views
    rf"{_START}(?:[LR][UML]LS?|[LR][UL][QZ]|[LR][VA]|RCA|LAD|LCX|[LR]AO|O[DS]|[LR]-?(?:CC|MLO|LAT))"
    rf"{_END}|{_START}[LR]{_END}|[Ll]eft[A-Z]|[Rr]ight[A-Z]|[a-z](?:Left|Right)|[左右]"
)
_UNPAIRED = _words(
    r"heart|cardi\w+|card\w*megaly|pericardi\w*|ventric\w+|atri(?:um|a|al)|aort\w+|coronar\w+",
    r"vena cava|mediastin\w+|trache\w+|o?esophag\w+|stomach|gastric|liver|hepat\w+|spleen|splen\w+",
    r"gallbladder|biliary|bile|pancrea\w+|append\w+|ca?ecum|colon\w*|sigmoid|duoden\w+",
)
_CHEST = re.compile(
    r"chest|thora|lung|pulmo|pneumo|pleur|cxr|chexpert|mimic|heart|cardi|mediasti|x-?ray|radiogra",
    re.IGNORECASE,
)


def words(value: Any, field: str = "") -> Iterator[str]:
    """Every string of a dumped model that people read."""
    match value:
        case str() if field not in _CODES:
            yield value
        case dict():
            for key, item in value.items():
                yield from words(item, key)
        case tuple():
            for item in value:
                yield from words(item, field)


def mirrored(model: V) -> V:
    """The model with left and right exchanged in every string that people read."""
    return type(model).model_validate(_exchanged(model.model_dump(), ""))


def _exchanged(value: Any, field: str) -> Any:
    match value:
        case str() if field not in _CODES:
            return mirrored_text(value)
        case dict():
            return {key: _exchanged(item, key) for key, item in value.items()}
        case tuple():
            return tuple(_exchanged(item, field) for item in value)
        case _:
            return value


def mirrored_text(text: str) -> str:
    """The text with left and right exchanged, capitals kept; L and R only where they are all of it.

    What else tells a side is not exchanged: ask `has_a_side` first.
    """
    if text in _OTHER:
        return _OTHER[text]
    return _SIDE.sub(lambda found: _cased(_OTHER[found[0].lower()], found[0]), text)


def _cased(word: str, like: str) -> str:
    if like.isupper():
        return word.upper()
    return word.capitalize() if like[0].isupper() else word


def speaks_of_place(text: str) -> bool:
    """Whether the text says where in the picture, or which of several; `bilateral` says neither."""
    return bool(_PLACE.search(text) or _ONE_SIDED_CODES.search(text))


def speaks_of_amount(text: str) -> bool:
    """Whether the text counts or measures."""
    return _AMOUNT.search(text) is not None


def gives_coordinates(text: str) -> bool:
    """Whether the text itself holds coordinates: they are not moved."""
    return _COORDINATES.search(text) is not None


def has_a_side(text: str) -> bool:
    """Whether a mirror would make the text untrue even with left and right exchanged.

    What has a name of its own on either side (dextrocardia, situs, the lingula, RUL), the corners
    of a stated box format, and a side told in the same sentence as an organ there is one of.
    """
    if text in _OTHER:
        return False
    if _ONE_SIDED.search(text) or _ONE_SIDED_CODES.search(text):
        return True
    return any(
        _SIDE.search(sentence) and _UNPAIRED.search(sentence)
        for sentence in re.split(r"[.;!?\n]", text)
    )


def may_show_a_chest(texts: Iterable[str]) -> bool:
    """Whether any of the texts names the chest, its organs or a radiograph.

    Few radiographs say what they show, so each is taken for one of the chest.
    """
    return any(_CHEST.search(text) for text in texts)
