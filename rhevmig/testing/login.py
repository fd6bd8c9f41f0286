"""Sessions of a replay server: one account gets tokens; all other logins are refused."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from urllib.parse import parse_qs

from rhevmig.testing.answers import ServedAnswer, answer, unauthorized

#: Where tokens are issued, below `/ovirt-engine`.
TOKEN_PATHS = ("/sso/oauth/token", "/sso/oauth/token-http-auth")
#: Where a token is revoked.
LOGOUT_PATH = "/services/sso-logout"

_JSON = "application/json"
EXPIRED = "invalid_grant: The provided authorization grant for the auth code has expired."


class Login:
    """The account and its tokens. Not thread-safe by itself."""

    def __init__(self, *, username: str, password: str) -> None:
        self._account = (username, password)
        self._tokens: set[str] = set()

    def accepts(self, form: bytes) -> bool:
        """Whether a token request names the account and its password."""
        fields = parse_qs(form.decode("utf-8", "replace"), keep_blank_values=True)
        return (fields.get("username", [""])[0], fields.get("password", [""])[0]) == self._account

    def token(self, form: bytes) -> ServedAnswer:
        """A new token for the account, the login service's refusal for others."""
        fields = parse_qs(form.decode("utf-8", "replace"), keep_blank_values=True)
        if not self.accepts(form):
            text = f"Cannot authenticate user '{fields.get('username', [''])[0]}': Unable to log in."
            return _json(400, {"error_code": "access_denied", "error": text})
        token = secrets.token_urlsafe(48)
        self._tokens.add(token)
        content = {"access_token": token, "scope": fields.get("scope", [""])[0], "token_type": "bearer"}
        return _json(200, {**content, "exp": "9223372036854775807"})

    def logout(self, form: bytes) -> ServedAnswer:
        """Revokes a token; like the engine, accepts any."""
        self._tokens.discard(parse_qs(form.decode("utf-8", "replace")).get("token", [""])[0])
        return _json(200, {})

    def expire_tokens(self) -> None:
        """Revokes all tokens."""
        self._tokens.clear()

    def refusal(self, authorization: str) -> ServedAnswer | None:
        """The 401 page for a request with this `Authorization` header; None for a valid session."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return None if value.strip() in self._tokens else unauthorized(EXPIRED)
        if scheme.lower() == "basic" and _basic(value) == self._account:
            return None
        return unauthorized("Unauthorized")


def _basic(value: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


def _json(status: int, content: dict[str, str]) -> ServedAnswer:
    return answer(status, json.dumps(content, separators=(",", ":")).encode(), _JSON)
