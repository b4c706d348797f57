"""Internet addresses as text that sorts the way addresses do: numerically, IPv4 before IPv6.

A store keeps an address as ``4`` or ``6`` and its hexadecimal digits. What is no address, such as
one masked by its exporter, is kept as it is behind a ``~``, after all addresses.
"""

from __future__ import annotations

_MARK = "~"


def encode(text: str) -> str:
    """Return the sortable form of an address.

    Raises:
        ValueError: the text is not an address.

    >>> encode("10.0.0.1") < encode("10.0.0.20") < encode("::1")
    True
    """
    from ipaddress import ip_address  # few queries need it, and all would wait for it

    address = ip_address(text.strip())
    return f"{address.version}{address.packed.hex()}"


def encode_lenient(text: str) -> str:
    """Return the sortable form of an address, or of whatever else the text is."""
    try:
        return encode(text)
    except ValueError:
        return _MARK + text


def decode(encoded: str) -> str:
    """Return the canonical text of an encoded address.

    >>> decode(encode("2001:DB8::0:1"))
    '2001:db8::1'
    """
    if encoded.startswith(_MARK):
        return encoded[1:]
    from ipaddress import IPv4Address, IPv6Address

    packed = bytes.fromhex(encoded[1:])
    return str(IPv4Address(packed) if encoded[0] == "4" else IPv6Address(packed))
