"""A language model at an address that speaks OpenAI's chat completions: vLLM, SGLang, llama.cpp.

The address may be another machine's. Records under a data use agreement never go to one: they are
refused before a connection is opened. An address of this machine itself is allowed; what answers
there must not pass on what it is sent, which nobody but its owner can know.

Sent are the model's name, the prompt and the sampling; no redirect is followed, and no proxy is
used for an address of this machine.
"""

import http.client
import ipaddress
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Annotated
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from pydantic import BaseModel, Field, ValidationError

from diascope.curation.converse import Prompt, Reply
from diascope.errors import InputError
from diascope.predictionfile import Sampling

_PAUSES_S = (1.0, 4.0, 16.0)
"""Before each new try."""
_MOST_BYTES = 4 << 20
_PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))
"""Replies that another try may better."""
_HINTS = {
    301: "it redirects, which is not followed; name the address that it redirects to",
    401: "it wants a key: set DIASCOPE_ENGINE_KEY",
    403: "it does not accept the key in DIASCOPE_ENGINE_KEY",
    404: "it has no such address or model; the address is mostly that of its /v1",
}


class _Passing(Exception):
    """The try failed; another may not."""


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    choices: Annotated[tuple[_Choice, ...], Field(min_length=1)]


def refuse_restricted(restricted: Iterable[bool], url: str) -> None:
    """InputError where any of the records so marked would leave this machine for `url`."""
    if is_loopback(url):
        return
    marks = list(restricted)
    if any(marks):
        raise InputError(
            f"{sum(marks)} of {len(marks)} records are restricted and must not be sent to "
            f"{_parts(url).hostname}, which is not this machine; nothing was sent. Use a folder of "
            "weights, or a server on this machine at http://127.0.0.1:PORT/v1"
        )


def is_loopback(url: str) -> bool:
    """Whether an address is of this machine itself: a loopback number, or localhost."""
    host = _parts(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"  # RFC 6761, section 6.3


@dataclass(frozen=True)
class RemoteTextEngine:
    """Asks a server; all prompts of a call at the same time."""

    url: str
    """Of the API, as in http://127.0.0.1:8000/v1."""
    name: str
    """What the server calls the model."""
    key: str | None = field(default=None, repr=False)
    """Shown to the server as a bearer token; never to one that is reached without encryption."""
    timeout_s: float = 300.0
    """How long the server may be silent."""
    pause: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        encrypted = _parts(self.url).scheme == "https"
        if self.key and not encrypted and not is_loopback(self.url):
            raise InputError(
                f"{self.url}: the key would cross the network for anybody to read; use https, or "
                "unset DIASCOPE_ENGINE_KEY"
            )

    @property
    def model(self) -> str:
        """The model's name and where it was asked."""
        return f"{self.name} at {self.url}"

    def admit(self, restricted: Iterable[bool]) -> None:
        """InputError for records that must not leave this machine, unless it is asked itself."""
        refuse_restricted(restricted, self.url)

    def write(self, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> Iterator[Reply]:
        """One reply a prompt, in order.

        InputError where the server cannot be reached, refuses, or answers what is no completion,
        four times in a row; and for restricted prompts as in `admit`.
        """
        self.admit(prompt.restricted for prompt in prompts)
        requests = [self._request(prompt, sampling, seed) for prompt in prompts]
        with ThreadPoolExecutor(max(len(requests), 1)) as pool:
            yield from pool.map(self._patiently, requests)

    def _request(self, prompt: Prompt, sampling: Sampling, seed: int) -> Request:
        body = {
            "model": self.name,
            "messages": [{"role": "user", "content": prompt.text}],
            "max_tokens": prompt.budget,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": seed,
        }
        headers = {"Content-Type": "application/json", "User-Agent": "diascope"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        address = f"{self.url.rstrip('/')}/chat/completions"
        return Request(address, json.dumps(body).encode(), headers)  # noqa: S310 - checked

    def _patiently(self, request: Request) -> Reply:
        for pause_s in (*_PAUSES_S, None):
            try:
                return _reply(self._sent(request))
            except _Passing as error:
                if pause_s is None:
                    raise InputError(
                        f"{self.url}: {error}, {len(_PAUSES_S) + 1} times in a row; replies so far "
                        "are kept, go on with --resume"
                    ) from None
                self.pause(pause_s)
        raise AssertionError("the last try neither answered nor failed")

    def _sent(self, request: Request) -> bytes:
        try:
            with _opener(is_loopback(self.url)).open(request, timeout=self.timeout_s) as answer:
                body: bytes = answer.read(_MOST_BYTES + 1)
                return body
        except HTTPError as error:
            with error:
                raise self._refused(error.code) from None
        except (URLError, OSError, http.client.HTTPException) as error:
            # the text of an error of the network may hold what was sent
            reason = getattr(error, "reason", error)
            raise _Passing(f"no reply ({type(reason).__name__})") from None

    def _refused(self, status: int) -> Exception:
        if status in _PASSING:
            return _Passing(f"the server answers {status}")
        known = http.client.responses.get(status, "unknown")
        hint = _HINTS.get(301 if 300 <= status < 400 else status, "its own log says more")
        return InputError(f"{self.url}: the server answers {status} ({known}); {hint}")


def _reply(body: bytes) -> Reply:
    """What a completion says; no words, or a call of a tool, is an empty text."""
    if len(body) > _MOST_BYTES:
        raise _Passing(f"the server answers more than {_MOST_BYTES} bytes")
    try:
        first = _Completion.model_validate_json(body).choices[0]
    except ValidationError:
        raise _Passing("the server answers what is no chat completion") from None
    return Reply(first.message.content or "", first.finish_reason == "stop")


def _opener(on_this_machine: bool) -> OpenerDirector:
    """Of http and https alone, without redirects."""
    director = OpenerDirector()
    for handler in (
        ProxyHandler({} if on_this_machine else None),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
    ):
        director.add_handler(handler)
    return director


def _parts(url: str) -> SplitResult:
    """InputError unless an address is plain: scheme, host, port and path."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - a property that refuses what is no port
    except ValueError:
        raise InputError("the engine's address is malformed") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError("the engine's address must begin with http:// or https:// and have a host")
    if "@" in parts.netloc or parts.query or parts.fragment or not url.isascii() or "\\" in url:
        raise InputError(
            f"the engine's address on {parts.hostname} must be scheme, host, port and path alone"
        )
    return parts
