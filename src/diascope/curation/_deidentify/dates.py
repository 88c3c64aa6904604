"""Dates, times and ages of DICOM, moved so that the intervals within a patient stay."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_DATE = re.compile(r"(\d{4})\.?(\d\d)\.?(\d\d)")
_TIME = re.compile(r"(\d\d)(?::?(\d\d)(?::?(\d\d)(\.\d{1,6})?)?)?")
_MOMENT = re.compile(r"(\d{8})(\d{2,6}(?:\.\d{1,6})?)?(?:[+-]\d{4})?")
_AGE = re.compile(r"\d{3}[DWMY]")
_OLDEST_TOLD = 90


@dataclass(frozen=True)
class Shift:
    """How far back everything of one patient moves: whole days and a part of a day."""

    days: int
    seconds: int = 0

    def date(self, date: str, time: str = "") -> str | None:
        """A DA value moved; None unless it is one. `time` is the TM that belongs to it."""
        moment = _parsed(date, time) or _parsed(date, "")
        moved = _moved(moment, self._whole if time.strip() else timedelta(self.days))
        return None if moved is None else _day(moved)

    def time(self, time: str) -> str | None:
        """A TM value moved round the clock, in the precision that it came in; None for others."""
        clean = time.strip().replace(":", "")
        moment = _parsed("20000103", clean) if clean else None
        if moment is None:
            return None
        return clean if not self.seconds else _clock(moment - self._whole, clean)

    def moment(self, moment: str) -> str | None:
        """A DT value moved; its offset from UTC, which tells a place, is left out.

        None for one that is less exact than a day, or none at all.
        """
        match = _MOMENT.fullmatch(moment.strip())
        if match is None:
            return None
        time = match[2] or ""
        start = _parsed(match[1], time)
        moved = _moved(start, self._whole if time else timedelta(self.days))
        return None if moved is None else _day(moved) + (_clock(moved, time) if time else "")

    @property
    def _whole(self) -> timedelta:
        return timedelta(self.days, self.seconds)


def binned_age(age: str) -> str | None:
    """An AS value, 90 years and more as 090Y (45 CFR 164.514(b)(2)(i)(C)); None for no age."""
    text = age.strip()
    if not _AGE.fullmatch(text):
        return None
    return f"{_OLDEST_TOLD:03}Y" if text[3] == "Y" and int(text[:3]) > _OLDEST_TOLD else text


def _parsed(date: str, time: str) -> datetime | None:
    day, clock = _DATE.fullmatch(date.strip()), _TIME.fullmatch(time.strip() or "00")
    if day is None or clock is None:
        return None
    hour, minute, second = (part or "00" for part in clock.group(1, 2, 3))
    # PS3.5 6.2 allows the leap second 60, which Python does not
    whole = f"{''.join(day.groups())}{hour}{minute}{min(second, '59')}{clock[4] or '.0'}"
    try:
        return datetime.strptime(whole, "%Y%m%d%H%M%S.%f").replace(tzinfo=UTC)
    except ValueError:
        return None


def _moved(moment: datetime | None, by: timedelta) -> datetime | None:
    try:
        return None if moment is None else moment - by
    except OverflowError:
        return None


def _day(moment: datetime) -> str:
    return f"{moment:%Y%m%d}".rjust(8, "0")


def _clock(moment: datetime, like: str) -> str:
    """The time of day with as many digits as `like`."""
    return f"{moment:%H%M%S.%f}"[: len(like)]
