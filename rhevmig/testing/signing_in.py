"""The engine's login, enough of it for a recorded engine: tokens for one account, refused for all others."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from urllib.parse import parse_qs

from rhevmig.testing.library import Answer, html

#: Where a token is had, below `/ovirt-engine`.
TOKEN_PATHS = ("/sso/oauth/token", "/sso/oauth/token-http-auth")
#: Where it is given back.
LOGOUT_PATH = "/services/sso-logout"

# Texts of engine 4.5.8, recordings login-refused and token-refused.
_UNABLE = "Unable to log in. Verify your login information or contact the system administrator.."
_NO_PROFILE = "No valid profile found in credentials.."
_EXPIRED = "invalid_grant: The provided authorization grant for the auth code has expired."
_SCOPES = (
    "ovirt-app-api ovirt-ext=token-info:authz-search ovirt-ext=token-info:public-authz-search "
    "ovirt-ext=token-info:validate ovirt-ext=token:password-access"
)
_CHALLENGE = ("WWW-Authenticate", 'Basic realm="RESTAPI"')


class Door:
    """Who may come in. Not thread-safe by itself."""

    def __init__(self, *, username: str, password: str) -> None:
        self._username = username
        self._password = password
        self._tokens: set[str] = set()

    def token(self, form: bytes) -> Answer:
        """The answer of the SSO service to a token request."""
        fields = parse_qs(form.decode("utf-8", "replace"), keep_blank_values=True)
        grant, user = fields.get("grant_type", [""])[0], fields.get("username", [""])[0]
        if grant not in ("password", "urn:ovirt:params:oauth:grant-type:http"):
            return _json(
                400, {"error_code": "unsupported_grant_type", "error": f"Unsupported grant type {grant}"}
            )
        why = self._refused(user, fields.get("password", [""])[0])
        if why is not None:
            return _json(400, {"error_code": "access_denied", "error": why})
        token = secrets.token_urlsafe(48)
        self._tokens.add(token)
        asked = fields.get("scope", [""])[0]
        scope = _SCOPES if asked == "ovirt-app-api" else asked
        return _json(
            200, {"access_token": token, "scope": scope, "exp": "9223372036854775807", "token_type": "bearer"}
        )

    def logout(self, form: bytes) -> Answer:
        """Forgets a token; the engine says yes to any."""
        fields = parse_qs(form.decode("utf-8", "replace"))
        self._tokens.discard(fields.get("token", [""])[0])
        return _answer(200, b"{ }")

    def forget(self) -> None:
        """All tokens expire."""
        self._tokens.clear()

    def refuse(self, authorization: str) -> Answer | None:
        """The engine's 401 for a request with this header; None lets it pass."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return None if value.strip() in self._tokens else unauthorized(_EXPIRED)
        if scheme.lower() == "basic":
            why = self._refused(*_basic(value))
            return None if why is None else unauthorized(f"access_denied: {why}")
        return unauthorized("Unauthorized")

    def _refused(self, user: str, password: str) -> str | None:
        if (user, password) == (self._username, self._password):
            return None
        name, _, profile = user.rpartition("@")
        known = profile == self._username.rpartition("@")[2]
        who = user if name else f"{user}@N/A"
        return f"Cannot authenticate user '{who}': {_UNABLE if known and name else _NO_PROFILE}"


def unauthorized(text: str) -> Answer:
    """A 401 page as the engine sends it."""
    page = html(401, text)
    return Answer(status=401, reason="Unauthorized", headers=(*page.headers, _CHALLENGE), body=page.body)


def _basic(value: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


def _json(status: int, content: dict[str, str]) -> Answer:
    return _answer(status, json.dumps(content, separators=(",", ":")).encode())


def _answer(status: int, body: bytes) -> Answer:
    headers = (("Content-Type", "application/json"),)
    return Answer(status=status, reason="OK" if status == 200 else "Bad Request", headers=headers, body=body)
