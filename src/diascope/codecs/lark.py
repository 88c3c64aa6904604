"""A grammar in llguidance's dialect of Lark.

Every run of characters becomes one terminal, because llguidance reads terminals greedily: in two
rules, a label that begins another would hide it; inside one regular expression it does not.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby

from diascope.codecs.nodes import (
    Alternatives,
    Node,
    Repeat,
    Sequence,
    TokenRange,
)


def write_lark(root: Node, limit: int | None, token_id: Callable[[str], int]) -> str:
    """The Lark source of `root`; `limit` bounds the characters of a root of text alone."""
    writer = _Writer(token_id)
    start = writer.terminal(root, limit) if root.is_text else writer.expression(root)
    return "\n".join([f"start: {start}", *writer.lines, ""])


@dataclass
class _Writer:
    token_id: Callable[[str], int]
    lines: list[str] = field(default_factory=list)
    names: dict[int | str, str] = field(default_factory=dict)

    def expression(self, node: Node) -> str:
        """What stands for the node on the right-hand side of a rule."""
        if node.is_text:
            return self.terminal(node)
        match node:
            case TokenRange():
                return self._tokens(node)
            case Sequence(parts):
                return self._rule(node, lambda: " ".join(self._joined(parts)))
            case Alternatives(options):
                return self._rule(node, lambda: " | ".join(map(self.expression, options)))
            case Repeat(part, low, high):
                return f"{self.expression(part)}{{{low},{high}}}"
            case _:
                raise TypeError(f"not a grammar node: {node!r}")

    def terminal(self, node: Node, limit: int | None = None) -> str:
        """The name of the terminal that spells a node of text."""
        source = f"/{node.regex}/"
        if limit is not None:
            source += f" & /(?s:.){{0,{limit}}}/"
        if source not in self.names:
            self.names[source] = f"T{len(self.names)}"
            self.lines.append(f"{self.names[source]}: {source}")
        return self.names[source]

    def _tokens(self, node: TokenRange) -> str:
        first, last = (self.token_id(node.spell(number)) for number in (node.first, node.last))
        if last - first != node.last - node.first:
            raise ValueError(f"the ids of the <{node.name}> tokens are not contiguous")
        return f"<[{first}-{last}]>"

    def _joined(self, parts: tuple[Node, ...]) -> list[str]:
        pieces: list[str] = []
        for text, run in groupby(parts, lambda part: part.is_text):
            nodes = tuple(run)
            if not text:
                pieces.extend(map(self.expression, nodes))
            elif Sequence(nodes).regex:
                pieces.append(self.terminal(Sequence(nodes)))
        return pieces

    def _rule(self, node: Node, source: Callable[[], str]) -> str:
        # By identity: equality would walk a shared node once for every path that leads to it.
        if id(node) not in self.names:
            self.names[id(node)] = f"r{len(self.names)}"
            self.lines.append(f"{self.names[id(node)]}: {source()}")
        return self.names[id(node)]
