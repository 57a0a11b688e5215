"""PublicNetwork: connections to checked addresses alone, each under one deadline. The only file that resolves names."""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpcore2

from corpus.errors import FetchFailed, FetchRefused

Resolver = Callable[[str, int], Sequence[str]]  # the IP addresses of a host, in the order to try them
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Public by their numbers, and yet the clouds' own: Azure's metadata and agent, Oracle's metadata.
CLOUD_METADATA = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "192.0.0.192")))
TRANSLATED = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))  # NAT64; IPv4-compatible
NOT_PUBLIC = (  # tunnels end where their numbers do not show, and old Python versions call some of these global
    ipaddress.IPv6Network("2001::/32"),  # Teredo
    ipaddress.IPv6Network("64:ff9b:1::/48"),  # NAT64 of a local network
    ipaddress.IPv6Network("fec0::/10"),  # site-local
    ipaddress.IPv4Network("192.0.0.0/24"),  # protocol assignments
    ipaddress.IPv4Network("192.88.99.0/24"),  # 6to4 relays
)


def resolve_host(host: str, port: int) -> list[str]:
    """Return the IP addresses of the host as the system resolves it, each once; raises OSError or UnicodeError."""
    met = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(where[0]) for *_, where in met))


def is_public(address: str) -> bool:
    """Return whether the IP address is one of the public internet, and so is any IPv4 address that it embeds."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.scope_id is not None:
            return False  # a zone is of this machine's own network
        embedded = _embedded(ip)
        if embedded is not None:
            return is_public(str(embedded))
    is_odd = ip.is_multicast or ip.is_reserved or ip.is_link_local or ip.is_loopback or ip.is_unspecified
    return ip.is_global and not is_odd and ip not in CLOUD_METADATA and not any(ip in net for net in NOT_PUBLIC)


def _embedded(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that packets to this one reach in the end: mapped, 6to4 or translated."""
    if any(ip in network for network in TRANSLATED):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour


class PublicNetwork(httpcore2.NetworkBackend):
    """Connects to hosts whose every address is public, or that are allowed by name ("host" or "host:port").

    A host is resolved once for a connection, and what was checked is what is connected to: a name that resolves to
    something else a moment later changes nothing. `deadline`, of time.monotonic(), ends every wait.
    """

    def __init__(self, allowed_hosts: Collection[str], deadline: float, resolve: Resolver = resolve_host) -> None:
        self._allowed = {host.casefold().replace("[", "").replace("]", "") for host in allowed_hosts}
        self._deadline = deadline
        self._resolve = resolve
        self._backend = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Return a connection to the first address that answers; raises FetchRefused or FetchFailed."""
        failure: Exception | None = None
        for address in self.checked_addresses(host, port):
            try:
                with _waiting(self._deadline, timeout) as wait:
                    stream = self._backend.connect_tcp(address, port, wait, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self._deadline)
        raise FetchFailed(f"{host}:{port}: cannot be connected to ({failure}); is the server up?") from failure

    def checked_addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of the host; raises FetchRefused where any is not public, FetchFailed where none is."""
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError, ValueError) as error:
            raise FetchFailed(f"{host}: the name cannot be resolved ({error}); check the address") from error
        if not addresses:
            raise FetchFailed(f"{host}: the name has no address; check it")
        if self._allowed.isdisjoint({host.casefold(), f"{host}:{port}".casefold()}):
            for address in addresses:
                if not is_public(address):
                    raise FetchRefused(
                        f"{host}: met the address {address}, which is not public; expected one of the public internet;"
                        " if it is a server of yours, allow the host by name"
                    )
        return addresses


class _TimedStream(httpcore2.NetworkStream):
    """A connection of which no wait outlasts the deadline, however slowly the other side drips."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _waiting(self._deadline, timeout) as wait:
            return self._stream.read(max_bytes, wait)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with _waiting(self._deadline, timeout) as wait:
            self._stream.write(buffer, wait)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        with _waiting(self._deadline, timeout) as wait:
            return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, wait), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


@contextmanager
def _waiting(deadline: float, timeout: float | None) -> Iterator[float]:
    """Give how long a wait may last, in seconds; raises FetchFailed where it is the deadline that ends it."""
    left = deadline - time.monotonic()
    try:
        if left <= 0:
            raise httpcore2.TimeoutException
        yield left if timeout is None else min(timeout, left)
    except httpcore2.TimeoutException as error:
        if time.monotonic() < deadline:
            raise
        raise FetchFailed("took longer than the whole fetch may; try again, or allow it more time") from error
