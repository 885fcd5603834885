"""A mistake in the settings of a webhook is told before the first event."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from sinks_kit import SECRET

from rid_telephony.settings.server import WebhookSettings, WebhookTarget

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "url",
    [
        "crm.example/hook",
        "ftp://crm.example/hook",
        "file:///etc/passwd",
        "https://",
        "https:///hook",
        "https://user:password@crm.example/hook",
        "https://user@crm.example/hook",
        "https://good.example@evil.example/",
        "https://crm.example/hook\r\nX-Evil: 1",
        "https://crm.example/a b",
        "https://crm.example/#part",
        "https://crm.example:99999/",
        "https://[::1/",
    ],
)
def test_a_url_that_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        WebhookTarget(name="crm", url=url, secret=SECRET)


@pytest.mark.parametrize(
    "secret", ["", "secret", "whsec_", "whsec_c2hvcnQ=", SECRET[6:], "whsec_??"]
)
def test_a_weak_secret_is_refused_and_never_shown(secret: str) -> None:
    with pytest.raises(ValidationError, match="openssl rand"):
        WebhookTarget(name="crm", url="https://crm.example/", secret=secret)
    good = WebhookTarget(name="crm", url="https://crm.example/", secret=SECRET)
    assert SECRET[6:] not in repr(good)


def test_two_targets_of_one_name_are_refused() -> None:
    target = WebhookTarget(name="crm", url="https://crm.example/", secret=SECRET)
    with pytest.raises(ValidationError, match="same name"):
        WebhookSettings(targets=(target, target))


@pytest.mark.parametrize("host", ["10.0.0.0/99", "", "*", "user@host", "a b"])
def test_an_allowed_host_that_means_nothing_is_refused(host: str) -> None:
    with pytest.raises(ValidationError):
        WebhookSettings(allowed_hosts=(host,))
