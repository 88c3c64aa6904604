"""Addresses: https, or this machine itself; the same for every redirect on the way."""

import http.client
import ipaddress
from email.message import Message
from typing import IO
from urllib.parse import SplitResult, urlsplit, urlunsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from diascope.errors import InputError


def check_address(url: str) -> None:
    """InputError unless an address is https, or http of this machine, and holds no password."""
    parts = _split(url)
    if parts.username is not None or parts.password is not None:
        raise InputError(f"{shown(url)}: an address must hold no user name or password")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(url)):
        raise InputError(f"{shown(url)}: not downloaded, only https keeps what is sent unchanged")


def check_redirect(url: str, to: str) -> None:
    """InputError unless an address may send us on: no other may send us to this machine."""
    check_address(to)
    if is_loopback(to) and not is_loopback(url):
        raise InputError(f"{shown(url)}: redirects to this machine, not followed")


def is_loopback(url: str) -> bool:
    """Whether an address is of this machine itself."""
    host = _split(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def shown(url: str) -> str:
    """An address as it may be logged: a query may be a signature, a user part a password."""
    parts = _split(url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit((parts.scheme, host + port, parts.path, "", ""))


def opener() -> OpenerDirector:
    """Of http and https alone, through the proxies of the environment."""
    director = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPDefaultErrorHandler(),
        _Redirects(),
        HTTPErrorProcessor(),
    ):
        director.add_handler(handler)
    return director


class _Redirects(HTTPRedirectHandler):
    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage | Message,
        newurl: str,
    ) -> Request | None:
        try:
            check_redirect(req.full_url, newurl)
        except InputError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - a property that refuses what is no port
    except ValueError:
        raise InputError("an address of the download is malformed") from None
    return parts
