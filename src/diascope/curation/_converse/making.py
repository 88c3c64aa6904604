"""Records made of replies, of the turns that nothing speaks against."""

from collections.abc import Container, Iterator
from pathlib import Path

from diascope.curation._converse.asking import Asked, is_restricted
from diascope.curation._converse.check import exchange_refusal, report_refusal
from diascope.curation._converse.drafts import Unusable, drafts, words_of
from diascope.curation._converse.known import Known, known
from diascope.curation._converse.ledger import Ledger, Refusal
from diascope.curation._converse.prompts import VERSION, Kind
from diascope.curation._converse.replyfile import ReplyFile
from diascope.curation._converse.writing import Prompt, Reply
from diascope.curation.outfolder import link_or_copy
from diascope.records import Record, Turn


class Maker:
    """Makes records of replies, turn by checked turn."""

    def __init__(self, asked: Asked, out: Path, model: str, replies: ReplyFile) -> None:
        self._asked = asked
        self._out = out
        self._model = model
        self._replies = replies

    def records(self, ledger: Ledger) -> Iterator[Record]:
        """One record for each asked record and kind of which any turn is kept."""
        for record in self._asked:
            knows = known(record)
            for kind, asked in self._asked.prompts(record).items():
                reply = self._replies[self._asked.key(asked, self._model)]
                turns = tuple(_kept(record, kind, reply, knows, ledger))
                ledger.keep(kind, len(turns))
                if turns:
                    yield self._made(record, kind, asked, turns)

    def _made(self, record: Record, kind: Kind, asked: Prompt, turns: tuple[Turn, ...]) -> Record:
        """What is written of one image alone is asked of the images of its own study alone."""
        own = tuple(image for image in record.images if image.role != "prior") or record.images
        for image in own:
            self._place(image.path)
        return record.model_copy(
            update={
                "id": f"{record.id}:{kind}",
                "images": own,
                "turns": turns,
                "context": (),
                "restricted": is_restricted(record),
                "metadata": record.metadata | self._origin(record, asked),
            }
        )

    def _origin(self, record: Record, asked: Prompt) -> dict[str, str]:
        options = self._asked.options
        return {
            "converse.record": record.id,
            "converse.prompts": VERSION,
            "converse.prompt_sha256": asked.sha256,
            "converse.model": self._model,
            "converse.temperature": f"{options.sampling.temperature:g}",
            "converse.top_p": f"{options.sampling.top_p:g}",
            "converse.seed": str(options.seed),
        }

    def _place(self, name: str) -> None:
        """The image under its own name, linked or copied."""
        path, file = self._out / name, self._asked.file.root / name
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        link_or_copy(file, path)


def _kept(record: Record, kind: Kind, reply: Reply, knows: Known, ledger: Ledger) -> Iterator[Turn]:
    """The turns of a reply that nothing speaks against; the others are listed."""
    try:
        drafted = drafts(kind, reply)
    except Unusable as why:
        ledger.refuse(Refusal(record=record.id, kind=kind, turn=None, reason=str(why)))
        return
    questions: set[str] = set()
    for place, turn in enumerate(drafted):
        reason = _refusal(turn, knows, questions)
        questions.add(turn.question.lower())
        if reason is None:
            yield turn
        else:
            ledger.refuse(Refusal(record=record.id, kind=kind, turn=place, reason=reason))


def _refusal(turn: Turn, knows: Known, asked: Container[str]) -> str | None:
    if turn.question.lower() in asked:
        return "asks what was asked before"
    if turn.task == "report":
        return report_refusal(words_of(turn), knows)
    return exchange_refusal(turn.question, words_of(turn), knows)
