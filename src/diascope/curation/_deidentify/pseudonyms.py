"""The project's key, and everything that is derived from it: names, UIDs, shifts, digests.

Each is HMAC-SHA256 of its kind and the original, so the same key gives the same pseudonyms in every
run and at every site, another key gives none of them, and no table of names has to be kept. Who has
the key can test a guess at a name; who lost it can never again add a later study to the same
patient. It is kept like the originals, and never beside what was made with it.
"""

import hmac
import os
import secrets
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from diascope.curation._deidentify.dates import Shift
from diascope.errors import InputError

_DIGITS = 64
_MIN_DAYS, _NUM_DAYS = 31, 3653


@dataclass(frozen=True)
class Key:
    """The secret of a project; it is never shown."""

    secret: bytes = field(repr=False)

    def digest(self, kind: str, original: str) -> bytes:
        """32 bytes that stand for the original among others of its kind."""
        message = f"{kind}\0{original}".encode("utf-8", "surrogatepass")
        return hmac.digest(self.secret, message, "sha256")

    def patient(self, patient: str) -> str:
        """A stable id of 80 bits; spaces at the ends of an id do not count (PS3.5 6.2)."""
        return "P" + self.digest("patient", patient.strip(" \0")).hex()[:20]

    def uid(self, original: str) -> str:
        """A UID below 2.25, where every UUID is one (PS3.5 B.2)."""
        digest = self.digest("uid", original.strip(" \0"))
        return f"2.25.{uuid.UUID(bytes=digest[:16], version=4).int}"

    def shift(self, patient: str, with_times: bool) -> Shift:
        """How far back this patient's dates are moved: 31 to 3,683 days, and a part of a day."""
        digest = self.digest("shift", patient.strip(" \0"))
        days = _MIN_DAYS + int.from_bytes(digest[:8], "big") % _NUM_DAYS
        seconds = int.from_bytes(digest[8:16], "big") % 86_400 if with_times else 0
        return Shift(days, seconds)

    def file_name(self, instance: str) -> str:
        """32 hexadecimal digits for the file of a SOP instance."""
        return self.digest("file", instance.strip(" \0")).hex()[:32]


def read_key(path: Path) -> Key:
    """The key in a file, which is made, readable by its owner alone, where there is none.

    InputError where others may read it or it holds no key.
    """
    try:
        return _made(path)
    except FileExistsError:
        pass
    except OSError as error:
        raise InputError(f"{path}: the key cannot be made here ({error.strerror})") from None
    if path.stat().st_mode & 0o077:
        raise InputError(
            f"{path}: others than its owner may read this key; run `chmod 600` on it, and make a "
            "new one if they may have read it"
        )
    text = path.read_text("ascii", errors="replace").strip()
    if len(text) != _DIGITS or set(text) - set("0123456789abcdef"):
        raise InputError(
            f"{path}: not a key, which is {_DIGITS} hexadecimal digits; name another file, and one "
            "that does not exist yet is made"
        )
    return Key(bytes.fromhex(text))


def _made(path: Path) -> Key:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        text = secrets.token_hex(_DIGITS // 2)
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    return Key(bytes.fromhex(text))
