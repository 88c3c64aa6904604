"""A file that is not all here yet: its first bytes, and which version of the file they are of."""

from datetime import timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path


class Part:
    """`NAME.part` beside the file that it becomes, and `NAME.part.version` with its validator."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f"{target.name}.part")
        self._target = target
        self._version = target.with_name(f"{target.name}.part.version")

    @property
    def size(self) -> int:
        """Bytes that are here."""
        return self.path.stat().st_size if self.path.is_file() else 0

    @property
    def version(self) -> str:
        """What a server calls the version that the bytes are of; empty where that is not known."""
        return self._version.read_text(encoding="latin-1") if self._version.is_file() else ""

    def begin(self, version: str) -> None:
        """Forget the bytes: those of this version follow."""
        self.drop()
        self._version.write_text(version, encoding="latin-1")
        self.path.touch()

    def drop(self) -> None:
        """Keep nothing."""
        self.path.unlink(missing_ok=True)
        self._version.unlink(missing_ok=True)

    def finish(self) -> None:
        """All is here and in order: give the file its name."""
        self.path.replace(self._target)
        self._version.unlink(missing_ok=True)


def version_of(headers: Message) -> str:
    """The strong validator of a reply, for If-Range (RFC 9110, 13.1.5); empty where it has none.

    A date is strong only where no ETag is given and it lies a second or more before the reply
    (8.8.2.2): the file may have changed twice within the second that it names.
    """
    tag, modified, sent = (headers.get(name, "") for name in ("ETag", "Last-Modified", "Date"))
    if tag or not modified.isprintable():
        # a value over several lines cannot be sent back
        return tag if tag.isprintable() and not tag.startswith("W/") else ""
    try:
        age = parsedate_to_datetime(sent) - parsedate_to_datetime(modified)
    except (TypeError, ValueError):
        return ""
    return modified if age >= timedelta(seconds=1) else ""
