"""How many conversations were made of what, and what was lacking for others."""

from collections import Counter
from collections.abc import Iterator

from diascope.curation.conversations.form import Form, Lack
from diascope.records import Record
from diascope.values import Value


class GroupCount(Value):
    """How many conversations of one form were made of one data set, in one split."""

    group: str
    """The data set that these conversations are told as: a group of a mixture by data set."""
    form: str
    dataset: str
    """The data set that they were made of."""
    split: str
    conversations: int
    turns: int


class LackCount(Value):
    """How often something was lacking for a form, by data set."""

    form: str
    dataset: str
    why: str
    times: int


class Counts:
    """Counts conversations as they are made."""

    def __init__(self) -> None:
        self._turns: dict[tuple[str, str, str, str], Counter[str]] = {}
        self._lacks: Counter[tuple[str, str, str]] = Counter()

    def add(self, form: Form, dataset: str, made: Record) -> None:
        """A conversation that was made."""
        key = (made.dataset, form.name, dataset, made.split)
        counted = self._turns.setdefault(key, Counter())
        counted.update(conversations=1, turns=len(made.turns))

    def lack(self, form: Form, dataset: str, lack: Lack) -> None:
        """A conversation that was not."""
        self._lacks[form.name, dataset, lack.why] += 1

    def groups(self) -> Iterator[GroupCount]:
        """All groups, in order of name and split."""
        for (group, form, dataset, split), counted in sorted(self._turns.items()):
            yield GroupCount(group=group, form=form, dataset=dataset, split=split, **counted)

    def lacks(self) -> Iterator[LackCount]:
        """All that was lacking, the most frequent first."""
        for (form, dataset, why), times in self._lacks.most_common():
            yield LackCount(form=form, dataset=dataset, why=why, times=times)
