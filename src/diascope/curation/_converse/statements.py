"""What a text says of the fourteen findings: present, absent or uncertain.

A sentence is cut into clauses. A finding's words are denied or hedged by the nearest cue before
them that reaches so far ("no", "without", "possible", "may reflect"), or by one after them ("is not
seen", "cannot be excluded"), which goes first; else they are asserted. A cue reaches on over a list
that has an "or" ("no effusion, consolidation or pneumothorax") and else stops at a comma. What
calls a part of the chest normal denies what the part could have (see `findings.NORMAL`).

Limits. English only, and of the chest only: edema of a limb, or "effusion" beside "pericardium", is
taken for the lung's. Words that are not in `findings` are not seen, misspelt ones neither. Sides,
sizes, places and numbers are not read, so "a left effusion" and "a right effusion" are one. A list
without "or" ("no effusion, pneumothorax") is denied only up to its comma. Double negation and
anything that needs knowledge ("the lungs look as they should") are misread or not seen. The method
is that of NegEx (Chapman et al., J Biomed Inform 34, 2001): cues and scopes, no parse.
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from diascope.answers import Status
from diascope.curation._converse.findings import HEALTHY, NO_FINDING, NORMAL, mentions


class Statement(NamedTuple):
    """One finding, and what is said of it."""

    finding: str
    status: Status


class _Kind(NamedTuple):
    """Words that deny or hedge what they reach, and which way that is."""

    status: Status
    reach: Literal["on", "back", "both", "weak", "nowhere"]
    """weak: on, but where a denial reaches over the same words it holds ("none to suggest ...")."""
    words: str


class _Cue(NamedTuple):
    """One occurrence: its own place in the clause, and how far it reaches to the left and right."""

    start: int
    end: int
    low: int
    high: int
    kind: _Kind


_IS = r"(?:is|are|was|were|has been|have been|can be|could be)"
_SEEN = (
    r"(?:seen|identified|present|evident|visible|visuali[sz]ed|detected|noted|appreciated|"
    r"demonstrated|found|observed|apparent|shown|there)"
)
_KINDS = (
    # said of a change, which neither denies nor asserts the thing itself
    _Kind(
        "present",
        "nowhere",
        r"no (?:significant |interval )*(?:change|increase|decrease|worsening)|not only",
    ),
    _Kind(
        "uncertain",
        "back",
        r"(?:cannot|can't|can not|could not) be (?:\w+ )?(?:excluded|ruled out)|"
        rf"{_IS} not (?:\w+ )?(?:excluded|ruled out)|{_IS} (?:difficult|hard) to exclude",
    ),
    _Kind(
        "absent",
        "back",
        rf"(?:{_IS} |)(?:not|no longer) (?:clearly |currently |definitely )?{_SEEN}|"
        rf"{_IS} (?:absent|negative(?! for)|excluded|ruled out)|: ?(?:none|no|absent|negative)",
    ),
    _Kind(
        "uncertain",
        "both",
        rf"versus|vs|unlikely|{_IS} (?:also |less |more |most )?(?:possible|likely|unlikely|"
        r"suspected|probable|questionable|questioned|favou?red|a possibility|in the differential)",
    ),
    _Kind(
        "uncertain",
        "on",
        r"(?:cannot|can't|can not|does not|do not) (?:\w+ )?(?:exclude|rule out)|possib(?:le|ly)|"
        r"possibility of|probabl[ey]|likely|suspected|may|might|could|questionable|question of|"
        r"equivocal|borderline|evaluate for|rule out|presumed|"
        r"potentially|perhaps|uncertain|if|whether",
    ),
    _Kind(
        "uncertain",
        "weak",
        r"suggest(?:s|ive|ing|ed)?(?: of)?|suspect|suspicious for|suspicion (?:for|of)|"
        r"concern(?:ing)?(?: for)?|worrisome for|indicat(?:e|es|ive|ing)(?: of)?",
    ),
    _Kind(
        "absent",
        "on",
        r"no|not|without|negative for|free of|clear of|absence of|absent|lacks?|neither|nor|never|"
        r"none of|den(?:y|ies)|rules? out|excludes?|isn't|aren't|doesn't|don't",
    ),
)
_CUE = re.compile(
    "|".join(
        rf"(?P<c{place}>(?:(?<!\w)|(?=:))(?:{words})(?!\w))"
        for place, (_, _, words) in enumerate(_KINDS)
    )
)
_FARTHEST = 300
"""Characters that a cue reaches at most, so that no text takes the square of its length."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+|[;\n]+")
_CLAUSE = re.compile(
    r"\b(?:but|however|although|though|whereas|while|except(?: for)?|aside from|apart from|"
    r"other than|otherwise|yet)\b|, ?(?=the\b|there\b)|\band (?=the\b|there\b|an?\b)"
)
_STOP = re.compile(
    r"\b(?:with|which|that|because|causing|due to|secondary to|"
    r"and (?:small|large|moderate|mild|minimal|trace|severe|possibl[ey]|no|is|are))\b"
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|shows?|demonstrates?|reveals?|appears?|remains?)\b"
)
_OR = re.compile(r"\b(?:or|nor)\b")
_INNER_NOT = re.compile(r"\b(?:not|no|isn't|aren't)\b")
_HEALTHY = re.compile(rf"(?<!not )(?<!not a )\b(?:{'|'.join(HEALTHY)})\b")
_NORMAL = tuple((re.compile(rf"\b(?:{words})\b"), denied) for words, denied in NORMAL.items())


def statements(text: str) -> tuple[Statement, ...]:
    """Every statement, each once, in the order of its clause."""
    found: dict[Statement, None] = {}
    for clause in _clauses(text):
        found |= dict.fromkeys(_stated(clause))
    return tuple(found)


def hedges(text: str) -> bool:
    """Whether any words of the text are of doubt."""
    found = (_KINDS[int(str(each.lastgroup)[1:])] for each in _CUE.finditer(text.lower()))
    return any(kind.status == "uncertain" for kind in found)


def _clauses(text: str) -> Iterator[str]:
    for sentence in _SENTENCE.split(text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")):
        yield from (" ".join(clause.split()) for clause in _CLAUSE.split(sentence))


def _stated(clause: str) -> Iterator[Statement]:
    named = mentions(clause)
    cues = [_cue(clause, found) for found in _CUE.finditer(clause)] if named else []
    for finding, start, end in named:
        denied = _INNER_NOT.search(clause, start, end) is not None
        yield Statement(finding, "absent" if denied else _status(cues, start, end))
    if _HEALTHY.search(clause):
        yield Statement(NO_FINDING, "present")
    for pattern, denied_all in _NORMAL:
        yield from (Statement(each, "absent") for each in denied_all if pattern.search(clause))


def _cue(clause: str, found: re.Match[str]) -> _Cue:
    kind = _KINDS[int(str(found.lastgroup)[1:])]
    start, end = found.span()
    low = _low(clause, start) if kind.reach in ("back", "both") else end
    high = _high(clause, end) if kind.reach in ("on", "both", "weak") else start
    return _Cue(start, end, low, high, kind)


def _status(cues: list[_Cue], start: int, end: int) -> Status:
    """What the cues of a clause make of the words from `start` to `end`."""
    after = [cue for cue in cues if cue.low <= start and end <= cue.start]
    before = [cue for cue in cues if cue.end <= start and end <= cue.high]
    if not after and before and before[-1].kind.reach == "weak":
        before = [cue for cue in before if cue.kind.status == "absent"] or before
    nearest = after[:1] or before[-1:]
    return nearest[0].kind.status if nearest else "present"


def _high(clause: str, start: int) -> int:
    """How far a cue that ends at `start` reaches to the right."""
    farthest = min(len(clause), start + _FARTHEST)
    stop = _STOP.search(clause, start, farthest)
    limit = stop.start() if stop else farthest
    comma = clause.find(",", start, limit)
    if comma < 0:
        return limit
    verb = _VERB.search(clause, comma, limit)
    ors = list(_OR.finditer(clause, start, verb.start() if verb else limit))
    listed = clause.find(",", ors[-1].end() if ors else start, limit)
    return listed if listed >= 0 else limit


def _low(clause: str, end: int) -> int:
    """How far a cue that begins at `end` reaches to the left: over the subject of its verb."""
    farthest = max(0, end - _FARTHEST)
    bounds = [
        found.end() for each in (_VERB, _STOP) for found in each.finditer(clause, farthest, end)
    ]
    if not bounds:
        return farthest
    return max(*bounds, clause.rfind(" and ", farthest, end), clause.rfind(",", farthest, end))
