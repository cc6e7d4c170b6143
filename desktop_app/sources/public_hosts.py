"""Connections to the public internet only, for addresses that a stranger gives (against SSRF).

The check is made on the very address that is connected to, after the name was resolved: a name that leads into the own
network, first or by a redirection, or that resolves differently the second time (DNS rebinding), gets no connection.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import urllib.request
from typing import Any


class NotPublicError(Exception):
    """The host has no address on the public internet. Not an OSError, which urllib would wrap."""


_EMBEDDED = tuple(ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
"""IPv6 networks in which an IPv4 address is hidden: translation (RFC 6052), 6to4 and Teredo."""

_GLOBAL = ipaddress.ip_network("2000::/3")
"""All that the public internet uses of IPv6 (RFC 4291, 2.4); `is_global` also takes what once was local to a site."""


def is_public(text: str) -> bool:
    """Whether an IP address is one of the public internet: not private, local, shared, reserved or for many at once."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return is_public(str(mapped))
    if address.version == 6 and (address not in _GLOBAL or any(address in network for network in _EMBEDDED)):
        return False
    return address.is_global and not address.is_multicast


def connect(address: tuple[str, int], timeout: Any = None, source_address: Any = None) -> socket.socket:
    """Connect as `socket.create_connection`, to public addresses only. Raises NotPublicError and OSError."""
    host, port = address
    failure: OSError | None = None
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    public = [item for item in found if is_public(str(item[4][0]))]
    if not public:
        raise NotPublicError(host)
    for family, kind, protocol, _, target in public:
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(timeout)
            connection.connect(target)
            return connection
        except OSError as error:
            connection.close()
            failure = error
    assert failure is not None
    raise failure


class _PublicConnection(http.client.HTTPConnection):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._create_connection = connect


class _PublicTlsConnection(http.client.HTTPSConnection):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._create_connection = connect


class _PublicHandler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_PublicConnection, req)


class _PublicTlsHandler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_PublicTlsConnection, req)


class _NoOtherScheme(urllib.request.BaseHandler):
    """Takes the place of urllib's handlers for files, FTP and data, which need no connection that could be checked."""

    def _refuse(self, req: urllib.request.Request) -> Any:
        raise NotPublicError(req.type)

    file_open = ftp_open = data_open = _refuse
    handler_order = 1


def handlers() -> list[urllib.request.BaseHandler]:
    """Return handlers for `urllib.request.build_opener`; a proxy of the environment is not used."""
    return [urllib.request.ProxyHandler({}), _PublicHandler(), _PublicTlsHandler(), _NoOtherScheme()]
