"""Where to, as whom, and how TLS is trusted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rhevmig.engine.settings import Settings, api_url, settings_of
from rhevmig.errors import InvalidArgument


def settings(
    url: str | None = "engine.example",
    username: str | None = None,
    password: str | None = None,
    *,
    environ: dict[str, str] | None = None,
    ask_password: Callable[[str], str] | None = None,
    **more: object,
) -> Settings:
    how = {"token": None, "ca_file": None, "insecure": None, "timeout_s": 300.0} | more
    return settings_of(url, username, password, environ=environ or {}, ask_password=ask_password, **how)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("engine.example", "https://engine.example/ovirt-engine/api"),
        ("engine.example:8443/", "https://engine.example:8443/ovirt-engine/api"),
        ("https://engine.example/ovirt-engine", "https://engine.example/ovirt-engine/api"),
        ("https://engine.example/ovirt-engine/api/", "https://engine.example/ovirt-engine/api"),
        ("http://127.0.0.1:9/ovirt-engine/api", "http://127.0.0.1:9/ovirt-engine/api"),
        ("https://proxy.example/site/ovirt-engine/api", "https://proxy.example/site/ovirt-engine/api"),
        ("https://[::1]:443", "https://[::1]:443/ovirt-engine/api"),
    ],
)
def test_what_people_call_an_engine(given: str, meant: str) -> None:
    """Names, addresses and half addresses become the API's address."""
    assert api_url(given) == meant


@pytest.mark.parametrize(
    "given", [None, "", "  ", "ftp://engine", "https://", "https://e:port", "a b", "https://u:p@e"]
)
def test_what_is_no_address(given: str | None) -> None:
    """Anything else is a usage error, and a password in it is not repeated."""
    with pytest.raises(InvalidArgument) as caught:
        api_url(given)
    assert "u:p" not in str(caught.value)


def test_login_and_logout_stand_beside_the_api() -> None:
    """A path before /ovirt-engine is kept for the login service too."""
    found = settings("https://proxy.example/site/ovirt-engine/api", "a@b", "c")
    assert found.login_url == "https://proxy.example/site/ovirt-engine/sso/oauth/token"
    assert found.logout_url == "https://proxy.example/site/ovirt-engine/services/sso-logout"


def test_the_variables_of_the_ecosystem(tmp_path: Path) -> None:
    """OVIRT_URL, OVIRT_USERNAME, OVIRT_PASSWORD and OVIRT_CAFILE stand in for arguments."""
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text("x")
    environ = {
        "OVIRT_URL": "https://engine.example",
        "OVIRT_USERNAME": "admin@internal",
        "OVIRT_PASSWORD": "pw",
        "OVIRT_CAFILE": str(ca_file),
    }
    found = settings(None, environ=environ)
    assert (found.url, found.username, found.password, found.ca_file, found.insecure) == (
        "https://engine.example/ovirt-engine/api", "admin@internal", "pw", str(ca_file), False,
    )  # fmt: skip
    assert settings("other.example", "you@x", "theirs", environ=environ).username == "you@x"


def test_tokens() -> None:
    """A token needs no user; a user who was named with password is meant, whatever token lies about."""
    environ = {"OVIRT_TOKEN": "t0ken"}
    assert settings(environ=environ).token == "t0ken"
    assert settings(None, "a@b", "c", environ=environ | {"OVIRT_URL": "e"}).token is None
    assert settings(token="mine").can_log_in is False


def test_who_is_missing() -> None:
    """Without user and token, and without a password, it says which variable would help."""
    with pytest.raises(InvalidArgument, match="username") as caught:
        settings()
    assert "OVIRT_USERNAME" in caught.value.remedy
    with pytest.raises(InvalidArgument, match="password") as caught:
        settings(username="admin@internal")
    assert "OVIRT_PASSWORD" in caught.value.remedy


def test_the_password_is_asked_for() -> None:
    """Where somebody can be asked, the prompt names user and engine; nothing typed is nothing given."""
    prompts = []

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return "typed"

    assert settings(username="admin@internal", ask_password=ask).password == "typed"
    assert prompts == ["Password of admin@internal at engine.example: "]
    with pytest.raises(InvalidArgument):
        settings(username="admin@internal", ask_password=lambda prompt: "")


@pytest.mark.parametrize(
    ("argument", "variable", "insecure"),
    [(None, "", False), (None, "true", True), (None, "0", False), (False, "true", False), (True, "", True)],
)
def test_tls_is_verified_unless_told_otherwise(argument: bool | None, variable: str, insecure: bool) -> None:
    """The argument wins over OVIRT_INSECURE; without either TLS is verified."""
    found = settings(username="a@b", password="c", insecure=argument, environ={"OVIRT_INSECURE": variable})
    assert found.insecure is insecure


def test_words_that_mean_nothing() -> None:
    """OVIRT_INSECURE=maybe and a timeout of 0 are usage errors, not guesses."""
    with pytest.raises(InvalidArgument, match="OVIRT_INSECURE"):
        settings(username="a@b", password="c", environ={"OVIRT_INSECURE": "maybe"})
    for seconds in (0.0, -1.0, float("nan"), float("inf"), 1e9):
        with pytest.raises(InvalidArgument, match="timeout_s"):
            settings(username="a@b", password="c", timeout_s=seconds)


def test_a_missing_ca_file_says_where_to_get_it() -> None:
    """The engine itself offers its CA."""
    with pytest.raises(InvalidArgument, match="ca_file") as caught:
        settings(username="a@b", password="c", ca_file="/nowhere/ca.pem")
    assert "https://engine.example/ovirt-engine/services/pki-resource" in caught.value.remedy


def test_no_representation_shows_a_secret() -> None:
    """Neither password nor token is in repr or str."""
    found = settings(username="a@b", password="s3cret", token="t0ken")
    assert "s3cret" not in repr(found) + str(found)
    assert "t0ken" not in repr(found) + str(found)
    assert not {"s3cret", "t0ken"} & {value for _, value in found.__rich_repr__()}


def test_a_ca_file_wins_over_a_forgotten_variable(tmp_path: Path) -> None:
    """OVIRT_INSECURE does not silently switch off a verification for which a CA file is given."""
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text("PEM")
    environ = {"OVIRT_INSECURE": "true", "OVIRT_CAFILE": str(ca_file)}
    found = settings(username="a@b", password="c", environ=environ)
    assert (found.insecure, found.ca_file) == (False, str(ca_file))
    assert settings(username="a@b", password="c", insecure=True, environ=environ).insecure is True


@pytest.mark.parametrize("url", ["http://engine.example", "http://192.0.2.1/ovirt-engine/api"])
def test_a_password_is_not_sent_in_clear_text(url: str) -> None:
    """Over http the password needs a permission of its own, but on this machine."""
    with pytest.raises(InvalidArgument, match="clear text") as caught:
        settings(url, username="a@b", password="c")
    assert "OVIRT_INSECURE" in caught.value.remedy
    assert settings(url, username="a@b", password="c", insecure=True).url.startswith(url)
    for here in ("http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost:8080"):
        assert settings(here, username="a@b", password="c").insecure is False


@pytest.mark.parametrize("url", ["https://[::1", "https://[x]/", "https://e:port/", "https://e:99999/"])
def test_an_address_that_is_none(url: str) -> None:
    """A broken address is one clear error."""
    with pytest.raises(InvalidArgument, match="url"):
        settings(url, username="a@b", password="c")
