"""The guard of webhook addresses: a receiver's name is looked up once, and only a public address is connected to.

A host and a port come in, a connection to an address that was judged goes out, or `AddressRefused`. What is judged is
what the name leads to, so it does not matter how it is spelt; and since it is not looked up again, it cannot lead
elsewhere a moment later.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from ssl import SSLContext
from typing import Any

import httpcore2

from techscreen.errors import WebhookNotDelivered

# Looks up the addresses of a host, best first. Raises OSError if there are none.
Resolve = Callable[[str, int], list[str]]

# Addresses that are tried in turn, and seconds for each.
MAX_TRIED = 3
CONNECT_TIMEOUT = 3.0

# Listed here and not left to `ipaddress`, whose idea of a public address has changed between versions of Python.
NOT_PUBLIC_IPV4 = [
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network, and the unspecified address
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a carrier's NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, with the metadata of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocols
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays from IPv6
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # measurements
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
]
# All else is loopback, private, link-local, multicast, reserved, or an IPv4 address in disguise.
PUBLIC_IPV6 = IPv6Network("2000::/3")
NOT_PUBLIC_IPV6 = [
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocols, and tunnels to IPv4 (Teredo)
        "2001:db8::/32",  # documentation
        "2002::/16",  # tunnels to IPv4 (6to4)
        "3fff::/20",  # documentation
    )
]
# Where there is no IPv4, gateways translate these into the IPv4 address at their end.
NAT64 = IPv6Network("64:ff9b::/96")


class AddressRefused(WebhookNotDelivered):
    """The receiver's address is not public."""


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a host, by the system's resolver.

    Raises:
        OSError: if there are none.
    """
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(address: str) -> bool:
    """Whether an address, in its usual form, is one that anybody on the internet could reach."""
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(number, IPv6Address) and number.scope_id is None and number in NAT64:
        number = IPv4Address(int(number) & 0xFFFFFFFF)
    if isinstance(number, IPv4Address):
        return not any(number in network for network in NOT_PUBLIC_IPV4)
    is_special = any(number in network for network in NOT_PUBLIC_IPV6)
    return number.scope_id is None and number in PUBLIC_IPV6 and not is_special


def addresses_to_try(host: str, port: int, resolve: Resolve, *, allow_private: bool) -> list[str]:
    """The addresses that a receiver may be connected at, best first.

    Args:
        host: a name, or an address without brackets.
        allow_private: whether to judge nothing.

    Raises:
        AddressRefused: if the host has none but those that are not public.
        OSError: if it has none at all.
    """
    found = resolve(host, port)
    allowed = found if allow_private else [address for address in found if is_public(address)]
    if found and not allowed:
        raise AddressRefused(
            f"{host} leads to an address that is not public. WEBHOOK_ALLOW_PRIVATE would allow it, if that is meant."
        )
    return list(dict.fromkeys(allowed))[:MAX_TRIED]


class GuardedNetwork(httpcore2.NetworkBackend):
    """Connects to judged addresses alone, and lets nothing take longer than until a deadline.

    The HTTP client believes that it is connected to the host, so it checks the host's certificate and sends its name.

    Args:
        resolve: looks up names.
        deadline: by `time.monotonic()`.
        allow_private: whether addresses that are not public are connected to as well.
    """

    def __init__(self, resolve: Resolve, deadline: float, *, allow_private: bool) -> None:
        self._resolve = resolve
        self._deadline = deadline
        self._allow_private = allow_private
        self._network = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first judged address that answers.

        Raises:
            AddressRefused: if none may be connected to.
            httpcore2.ConnectError, httpcore2.ConnectTimeout: if none answers.
        """
        try:
            addresses = addresses_to_try(host, port, self._resolve, allow_private=self._allow_private)
        except (OSError, UnicodeError) as error:  # the latter of a name with a part that is too long
            raise httpcore2.ConnectError("The name is not known.") from error
        failed: Exception = httpcore2.ConnectError("The name has no address.")
        for address in addresses:
            left = min(_left(self._deadline, httpcore2.ConnectTimeout), timeout or CONNECT_TIMEOUT)
            try:
                stream = self._network.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
            else:
                return _HurriedStream(stream, self._deadline)
        raise failed


class _HurriedStream(httpcore2.NetworkStream):
    """A stream on which nothing may end after a deadline, however busily the other side drips."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        return self._stream.read(max_bytes, _left(self._deadline, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        self._stream.write(buffer, _left(self._deadline, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        del timeout
        left = _left(self._deadline, httpcore2.ConnectTimeout)
        return _HurriedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float, too_late: type[httpcore2.TimeoutException]) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise too_late("The receiver took too long.")
    return left
