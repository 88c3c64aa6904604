"""Which names a format can write and read back without ambiguity."""

import re
from collections.abc import Iterable, Sequence

from diascope.errors import InputError, nearest

_LIKE_A_TOKEN = re.compile(r"<[^<>\s]+>")


def check_names(names: Sequence[str], separator: str | None = None) -> None:
    """InputError unless the names are distinct, can be written, and can be split again.

    A name shaped like <this> would be read by a tokenizer as one of its special tokens.
    """
    if not names:
        raise InputError("a format needs at least one name to write")
    if len(set(names)) < len(names):
        raise InputError(f"two names are spelt alike: {', '.join(sorted(names))}")
    for name in names:
        if not name or _LIKE_A_TOKEN.search(name) or not _is_unicode(name):
            raise InputError(f"{name!r} cannot be written: it is empty or holds a special token")
        if separator is not None and (name + separator).index(separator) < len(name):
            raise InputError(f"{name!r} cannot be written in a list separated by {separator!r}")


def unspecial(text: str) -> str:
    """People's words with every <this> broken up, so that none is read as a special token."""
    return _LIKE_A_TOKEN.sub(lambda found: f"< {found[0][1:]}", text)


def check_known(names: Iterable[str], known: Sequence[str]) -> None:
    """InputError when an answer names what its question does not."""
    for name in names:
        if name not in known:
            raise InputError(f"the question does not offer {name!r}{nearest(name, known)}")


def _is_unicode(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
