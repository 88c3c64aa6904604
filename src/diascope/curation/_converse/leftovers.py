"""What a text about one study alone must not hold: dates, measurements, earlier studies, blanks.

Words that may speak of an earlier study are taken so ("stable", "new"), but for those that mostly
describe ("degenerative changes", "increased opacity"). English only.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.?"
)
_UNIT = r"(?:mm|cm|millimet(?:er|re)s?|centimet(?:er|re)s?|ml|cc|%|percent|degrees?|hu)"
_PATTERNS: Mapping[str, str] = MappingProxyType(
    {
        "a date or a time": (
            r"\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\b|\b\d{4}-\d{1,2}-\d{1,2}\b|\b(?:19|20)\d\d\b|"
            rf"\b{_MONTH} \d{{1,2}}\b|\b\d{{1,2}} {_MONTH}(?!\w)|\b\d{{1,2}}:\d\d\b|"
            r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\byesterday\b|\btoday\b|\bago\b"
        ),
        "a measurement": (
            rf"\d(?:\.\d+)?[ -]?{_UNIT}(?!\w)|\b\d+(?:\.\d+)? ?[x×] ?\d|"  # noqa: RUF001 - it is meant
            r"\b(?:centi|milli)met(?:er|re)s?\b"
        ),
        "an earlier study": (
            r"\bcompar(?:ed|ison|isons|ing)\b|\bprior\b|\bprevious(?:ly)?\b|\binterval(?:ly)?\b|"
            r"\bunchanged\b|\bchanged\b|\bchange (?:in|from|since)\b|\bstable\b|"
            r"\bno (?:significant )?changes?\b|"
            r"\bha(?:s|ve) (?:increased|decreased|resolved|cleared|progressed|developed)\b|"
            r"\bimprov(?:ed|ing|ement)\b|\bworse(?:n\w*)?\b|\bnew(?:ly)?\b|\bagain\b|\bpersist\w*|"
            r"\bre-?demonstrated\b|\bno longer\b|\bsince\b|\bearlier\b|\b(?:in|de)creasing\b|"
            r"\bprogress(?:ion|ive|ively)\b|\bresol(?:ving|ution)\b|\bremains?\b|\bformerly\b|"
            r"\blast (?:study|exam\w*|radiograph|film)\b"
        ),
        "a blank left by de-identification": r"_{2,}|\bx{4,}|\[\*\*",
    }
)
_COMPILED = MappingProxyType(
    {what: re.compile(pattern, re.IGNORECASE) for what, pattern in _PATTERNS.items()}
)


def leftover(text: str) -> str | None:
    """The first kind of thing found that must not be there, in words."""
    return next((what for what, pattern in _COMPILED.items() if pattern.search(text)), None)
