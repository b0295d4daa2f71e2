"""The guarded client against real servers and a name server that lies."""

import logging
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpcore
import httpx
import pytest

from security.errors import OutboundFailed, OutboundRefused, OutboundTimeout, OutboundTooLarge
from security.outbound import GuardedTransport, outbound_client
from security.outbound.network import GuardedNetwork
from security.settings import OutboundSettings
from tests.unit.security.outbound.conftest import NAME, LyingDns


def _plain(port: int, **limits: Any) -> OutboundSettings:
    return _allowing(f"http://127.0.0.1:{port}", **limits)


def _allowing(origin: str, **limits: Any) -> OutboundSettings:
    return OutboundSettings.model_validate({"internal_origins": [origin], **limits})


def _tls(port: int, certificate: Path) -> OutboundSettings:
    networks, ports = ["127.0.0.2/32"], [port]
    return OutboundSettings.model_validate(
        {"internal_networks": networks, "ports": ports, "ca_file": certificate}
    )


@pytest.fixture
def url(plain_port: int) -> str:
    return f"http://127.0.0.1:{plain_port}"


@pytest.fixture
def http(plain_port: int) -> Iterator[httpx.Client]:
    with outbound_client(_plain(plain_port)) as client:
        yield client


@pytest.mark.parametrize(
    "target",
    [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://2130706433/",  # 127.0.0.1 as one number
        "https://0x7f.1/",
        "https://0/",
        "https://localhost/",
        "https://169.254.169.254/latest/meta-data",
        "http://93.184.216.34/",
        "https://93.184.216.34:22/",
        "https://user:secret@93.184.216.34/",
        "ftp://93.184.216.34/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/",
        "https://[::1/",
        "//127.0.0.1/",
    ],
)
def test_what_may_not_be_called_is_refused_before_anything_is_sent(target: str) -> None:
    with outbound_client(OutboundSettings()) as http, pytest.raises(OutboundRefused):
        http.get(target)


def test_an_internal_origin_is_reached_once_an_operator_names_it(
    http: httpx.Client, url: str
) -> None:
    assert http.get(f"{url}/anything").text == "127.0.0.1"


@pytest.mark.parametrize("other", ["http://127.0.0.1:1", "https://127.0.0.1", "http://localhost"])
def test_another_scheme_host_or_port_is_another_origin(http: httpx.Client, other: str) -> None:
    with pytest.raises(OutboundRefused):
        http.get(other)


def test_the_metadata_service_is_refused_even_behind_an_allowed_name() -> None:
    settings = _allowing("http://wiki.test")
    client = outbound_client(settings, lambda _host, _port: ["169.254.169.254"])
    with client as http, pytest.raises(OutboundRefused):
        http.get("http://wiki.test/")


def test_a_name_that_rebinds_reaches_only_the_address_that_was_checked(
    tls_port: int, certificate: Path
) -> None:
    settings = _tls(tls_port, certificate)
    dns = LyingDns(["127.0.0.2", "127.0.0.1"])
    with outbound_client(settings, dns.resolve) as http:
        assert http.get(f"https://{NAME}:{tls_port}/").text == "127.0.0.2"
        assert dns.asked == 1  # nothing asks again between the check and the connection
        with pytest.raises(OutboundRefused):
            http.get(f"https://{NAME}:{tls_port}/")
        assert http.get(f"https://{NAME}:{tls_port}/").text == "127.0.0.2"
    dns.close()


def test_a_certificate_for_another_name_is_refused(tls_port: int, certificate: Path) -> None:
    settings = _tls(tls_port, certificate)
    client = outbound_client(settings, lambda _host, _port: ["127.0.0.2"])
    with client as http, pytest.raises(OutboundFailed):
        http.get(f"https://other.example.test:{tls_port}/")


def test_of_several_addresses_only_allowed_ones_are_tried(plain_port: int) -> None:
    settings = _allowing(f"http://a.test:{plain_port}")
    tried = ["169.254.169.254", "127.0.0.9", "127.0.0.1"]
    with outbound_client(settings, lambda _host, _port: tried) as http:
        assert http.get(f"http://a.test:{plain_port}/").text == "127.0.0.1"


def test_a_connection_that_ends_elsewhere_is_given_up(
    plain_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = httpcore.SyncBackend.connect_tcp

    def diverted(self: Any, host: str, *rest: Any) -> httpcore.NetworkStream:
        return connect(self, "127.0.0.1", *rest)

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", diverted)
    origin = ("a.test", plain_port)
    network = GuardedNetwork(
        OutboundSettings(), frozenset({origin}), lambda _host, _port: ["127.0.0.2"], lambda: 0.0
    )
    with pytest.raises(OutboundRefused):
        network.connect_tcp(*origin)


def test_redirects_are_not_followed_unless_asked_for(http: httpx.Client, url: str) -> None:
    assert http.get(f"{url}/redirect/{url}/").status_code == 302
    assert http.get(f"{url}/redirect/{url}/", follow_redirects=True).text == "127.0.0.1"


@pytest.mark.parametrize("target", ["http://127.0.0.1:1/", "https://[::1]/", "file:///etc/passwd"])
def test_each_hop_of_a_redirect_is_checked(http: httpx.Client, url: str, target: str) -> None:
    with pytest.raises(OutboundRefused):
        http.get(f"{url}/redirect/{target}", follow_redirects=True)


def test_redirects_end(plain_port: int, url: str) -> None:
    hops = "/redirect" * 3 + "/"
    client = outbound_client(_plain(plain_port, redirects_max=2))
    with client as http, pytest.raises(OutboundFailed):
        http.get(f"{url}{hops}", follow_redirects=True)


@pytest.mark.parametrize("path", ["large", "headers"])
def test_more_bytes_than_the_limit_are_not_read(plain_port: int, url: str, path: str) -> None:
    client = outbound_client(_plain(plain_port, response_bytes_max=20_000))
    with client as http, pytest.raises(OutboundTooLarge):
        http.get(f"{url}/{path}")


def test_nothing_is_unpacked(http: httpx.Client, url: str) -> None:
    with pytest.raises(OutboundTooLarge):
        http.get(f"{url}/packed")


def test_time_runs_out_however_slowly_the_bytes_drip(plain_port: int, url: str) -> None:
    seconds = count(step=4)  # every look at the clock takes four seconds
    transport = GuardedTransport(_plain(plain_port), timer=lambda: float(next(seconds)))
    with httpx.Client(transport=transport) as http, pytest.raises(OutboundTimeout):
        http.get(url)


def test_what_is_no_http_is_a_failure_of_ours(http: httpx.Client, url: str) -> None:
    with pytest.raises(OutboundFailed):
        http.get(f"{url}/noise")


def test_a_closed_port_is_a_failure_of_ours() -> None:
    closed = _allowing("http://127.0.0.1:9")
    with outbound_client(closed) as http, pytest.raises(OutboundFailed):
        http.get("http://127.0.0.1:9/")


def test_a_proxy_in_the_environment_is_not_used(
    http: httpx.Client, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert http.get(url).is_success


def test_errors_name_no_address(http: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(OutboundRefused) as refused:
        http.get("https://127.0.0.1/secret-path?token=secret")
    assert "secret" not in str(refused.value)
