"""differential_diagnosis: what else it may be, in the report's own sentences.

The question is CXR-LLaVA's (arXiv 2310.18341); M4CXR has none. The answer is every sentence of the
findings and the impression that names a differential diagnosis, word by word.
"""

import re
from collections.abc import Iterator

from diascope.answers import Text
from diascope.curation.conversations._reports import asked, section, sentences, text_of
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study
from diascope.records import Turn

_QUESTION = "What are the possible differential diagnoses for this patient?"
_NAMED = re.compile(
    r"\b(?:differential (?:diagnos[ei]s|considerations?|possibilit(?:y|ies)|includes?|is|of|for)"
    r"|differential would|ddx)\b",
    re.IGNORECASE,
)
_SECTIONS = ("findings", "impression", "report")


def _make(study: Study) -> Iterator[Talk | Lack]:
    written = [turn for name in _SECTIONS if (turn := section(study, name))]
    named = [each for turn in written for each in sentences(text_of(turn)) if _NAMED.search(each)]
    if not named:
        yield Lack("no sentence of a report that names a differential diagnosis")
        return
    yield Talk(study.records[0], study.images, (_turn(written[-1], named),))


def _turn(written: Turn, named: list[str]) -> Turn:
    answer = Text(text=" ".join(dict.fromkeys(named)))
    return asked(written, _QUESTION).model_copy(update={"answer": answer})


FORM = Form(
    name="differential_diagnosis",
    about="what else it may be, in the report's own sentences",
    needs="a report that names a differential diagnosis",
    make=_make,
)
