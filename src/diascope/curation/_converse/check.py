"""Holding a turn against what its record knows: why it must be refused.

| the turn says | label present | absent | uncertain | unknown |
| --- | --- | --- | --- | --- |
| present | kept | refused | refused | refused |
| absent | refused | kept | refused | kept where the report denies it as well |
| uncertain | kept | refused | kept | refused |
"""

from collections.abc import Iterable

from diascope.curation._converse.exchange import LeftOpen, exchanged
from diascope.curation._converse.known import Known
from diascope.curation._converse.leftovers import leftover
from diascope.curation._converse.statements import Statement, statements

_VERBS = {"present": "asserts", "absent": "denies", "uncertain": "supposes"}
_KEPT = {
    ("present", "present"),
    ("absent", "absent"),
    ("uncertain", "present"),
    ("uncertain", "uncertain"),
}
"""What may be said, and the label that it may be said of."""


def report_refusal(text: str, known: Known) -> str | None:
    """Why a report must not be kept; None where nothing is wrong with it."""
    return _refusal(text, statements(text), known)


def exchange_refusal(question: str, answer: str, known: Known) -> str | None:
    """Why a question and its answer must not be kept; None where nothing is wrong with them."""
    try:
        said = exchanged(question, answer)
    except LeftOpen as finding:
        return f"asks after {finding} and does not tell"
    return _refusal(f"{question}\n{answer}", said, known)


def _refusal(text: str, said: Iterable[Statement], known: Known) -> str | None:
    reasons = [reason for each in said if (reason := _against(each, known))]
    held = leftover(text)
    if held is not None:
        reasons.append(f"holds {held}")
    if not said and not reasons:
        reasons.append("names none of the findings, so nothing in it can be checked")
    return reasons[0] if reasons else None


def _against(said: Statement, known: Known) -> str | None:
    label = known.labels.get(said.finding)
    if (said.status, label) in _KEPT:
        return None
    claim = f"{_VERBS[said.status]} {said.finding}, which the record's labels"
    if label is not None:
        return f"{claim} call {label}"
    if said.status == "absent" and said.finding in known.denied:
        return None
    return f"{claim} do not know"
