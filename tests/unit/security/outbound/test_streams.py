"""Guarded connections that are not HTTP's."""

from pathlib import Path

import pytest

from security.errors import OutboundFailed, OutboundRefused, OutboundTooLarge
from security.outbound import outbound_stream, translated
from security.settings import OutboundSettings
from tests.unit.security.outbound.conftest import NAME


def _settings(origin: str, certificate: Path, **limits: int) -> OutboundSettings:
    given = {"internal_origins": [origin], "ca_file": certificate, **limits}
    return OutboundSettings.model_validate(given)


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("93.184.216.34", 143),
        ("93.184.216.34", 443),
        ("127.0.0.1", 993),
        ("169.254.169.254", 993),
        ("localhost", 993),
    ],
)
def test_only_the_schemes_own_port_of_the_public_internet(host: str, port: int) -> None:
    with pytest.raises(OutboundRefused):
        outbound_stream(OutboundSettings(), "imaps", host, port)


def test_an_origin_opened_for_one_scheme_is_closed_for_another(certificate: Path) -> None:
    settings = _settings("https://127.0.0.1:9", certificate)
    with pytest.raises(OutboundRefused):
        outbound_stream(settings, "imaps", "127.0.0.1", 9)


def test_an_opened_origin_is_reached_and_bounded(tls_port: int, certificate: Path) -> None:
    settings = _settings(f"imaps://{NAME}:{tls_port}", certificate, response_bytes_max=10_000)
    stream = outbound_stream(settings, "imaps", NAME, tls_port, resolve=lambda *_: ["127.0.0.2"])
    with translated(), pytest.raises(OutboundTooLarge):
        stream.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        while stream.read(4_096):
            pass
    stream.close()


def test_a_certificate_of_another_name_is_refused(tls_port: int, certificate: Path) -> None:
    settings = _settings(f"imaps://other.example:{tls_port}", certificate)
    with pytest.raises(OutboundFailed):
        outbound_stream(
            settings, "imaps", "other.example", tls_port, resolve=lambda *_: ["127.0.0.2"]
        )
