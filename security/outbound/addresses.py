"""Which addresses belong to the public Internet.

`ipaddress.is_global` is no help: it is true for 64:ff9b::7f00:1 (127.0.0.1 through NAT64),
2002:7f00:1:: (the same through 6to4) and 224.0.0.1 (multicast), and its tables change between
releases of Python. So the IANA special-purpose registries stand here (RFC 6890 and later).
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_IPV4_SPECIAL: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network: Linux takes it for loopback
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT; also a cloud's metadata service
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's host agent, with a public number
        "169.254.0.0/16",  # link-local: most clouds' metadata service
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_IPV6_UNICAST: Final = IPv6Network("2000::/3")  # all that was ever handed out
_IPV6_SPECIAL: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarking
        "2001:db8::/32",
        "2002::/16",  # 6to4: holds an IPv4 address that a relay would unpack
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_OWN: Final[tuple[Network, ...]] = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("127.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv6Network("::1/128"),
    IPv6Network("fc00::/7"),
)
_CLOUD_METADATA: Final = IPv6Network("fd00:ec2::/32")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_IPV4_BITS: Final = 0xFFFFFFFF


def parsed(text: str) -> Address:
    """Read what a resolver or a socket names; the zone of a link-local address is dropped.

    Raises:
        ValueError: no IP address.
    """
    return ip_address(text.partition("%")[0])


def carried(address: Address) -> Address:
    """Return the IPv4 address that an IPv4-mapped or NAT64 address stands for, else `address`."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & _IPV4_BITS)
    return address


def is_public(address: Address) -> bool:
    """Whether `address` is one machine on the public Internet."""
    address = carried(address)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _IPV4_SPECIAL)
    return address in _IPV6_UNICAST and not any(address in network for network in _IPV6_SPECIAL)


def is_private(address: Address) -> bool:
    """Whether `address` is of this machine or of the organisation's own network.

    Addresses where a cloud answers with its machine's credentials are not.
    """
    own = any(address in network for network in _OWN if network.version == address.version)
    return own and address not in _CLOUD_METADATA
