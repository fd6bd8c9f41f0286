"""Single sign-on: tokens for passwords, sessions that end after 30 idle minutes, logout."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qsl

from rhevmig.lab.http import accounts
from rhevmig.lab.http.accounts import Caller, Standing
from rhevmig.lab.http.faults import html_error
from rhevmig.lab.http.request import LabRequest, LabResponse
from rhevmig.lab.state.store import Entity, World

#: UserSessionTimeOutInterval: 30 minutes; the token ends with the session.
IDLE_LIMIT_S = 1800.0
_TOKEN_LIFE_S = 604_800
_API_SCOPE = "ovirt-app-api"
_FULL_SCOPE = (
    "ovirt-app-api ovirt-ext=token-info:authz-search ovirt-ext=token-info:public-authz-search "
    "ovirt-ext=token-info:validate ovirt-ext=token:password-access"
)
_EXPIRED = "invalid_grant: The provided authorization grant for the auth code has expired."


class _Token:
    def __init__(self, user: Entity, scope: str, now_s: float) -> None:
        self.user = user
        self.scope = scope
        self.used_s = now_s
        self.has_session = False


class SignOn:
    """The tokens of one lab."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tokens: dict[str, _Token] = {}

    def token_endpoint(self, request: LabRequest) -> LabResponse:
        """`/ovirt-engine/sso/oauth/token`: checks credentials, then the Accept header."""
        form = dict(parse_qsl(request.query) + parse_qsl(request.body.decode("utf-8", "replace")))
        grant = form.get("grant_type", "")
        if not grant:
            return _refusal("invalid_request", "Missing parameter: 'grant_type'")
        if grant.startswith("urn:ovirt:params:oauth:grant-type:http"):
            username, password = _basic(request.headers.get("authorization", "")) or ("", "")
        elif grant == "password":
            username, password = form.get("username", ""), form.get("password", "")
        else:
            return _refusal(
                "unsupported_grant_type",
                "The authorization grant type is not supported by the authorization server.",
            )
        found = self._check(username, password)
        if isinstance(found, str):
            return _refusal("access_denied", found)
        if request.headers.get("accept") != "application/json":
            return _refusal("invalid_request", "Missing parameter: 'Accept Header'")
        return self._issue(found, form.get("scope", ""))

    def _issue(self, user: Entity, scope: str) -> LabResponse:
        now_s = self.world.clock.now_s
        token = base64.urlsafe_b64encode(self.world.random.randbytes(64)).decode().rstrip("=")
        shown = _FULL_SCOPE if scope == _API_SCOPE else scope
        self.tokens[token] = _Token(user, scope, now_s)
        expires_ms = int(now_s + _TOKEN_LIFE_S) * 1000
        return _json({"access_token": token, "scope": shown, "exp": str(expires_ms), "token_type": "bearer"})

    def _check(self, username: str, password: str) -> Entity | str:
        """The user, or the text of the refusal."""
        name, _, profile = username.rpartition("@")
        if not name or profile not in accounts.profiles(self.world):
            shown = username if name else f"{username}@N/A"
            return f"Cannot authenticate user '{shown}': No valid profile found in credentials.."
        user = accounts.find_account(self.world, name, profile)
        if user is None or not accounts.password_fits(user, password):
            return (
                f"Cannot authenticate user '{username}': Unable to log in. "
                "Verify your login information or contact the system administrator.."
            )
        return user

    def logout_endpoint(self, request: LabRequest) -> LabResponse:
        """`/ovirt-engine/services/sso-logout`: always a success, also for an unknown token."""
        form = dict(parse_qsl(request.query) + parse_qsl(request.body.decode("utf-8", "replace")))
        self.tokens.pop(form.get("token", ""), None)
        return LabResponse(status=200, body=b"{ }", headers=[("Content-Type", "application/json")])

    def expire_all(self) -> None:
        """End every session."""
        self.tokens.clear()

    def caller(self, request: LabRequest) -> tuple[Caller, bool]:
        """The caller, and whether a session began with this request; refuses with a 401 page."""
        header = request.headers.get("authorization", "")
        kind, _, credentials = header.partition(" ")
        if kind.lower() == "bearer":
            user, began = self._bearer(credentials.strip())
        elif kind.lower() == "basic":
            username, password = _basic(header) or ("", "")
            found = self._check(username, password)
            if isinstance(found, str):
                raise html_error(401, f"access_denied: {found}")
            user, began = found, True
        else:
            raise html_error(401, "Unauthorized")
        caller = accounts.caller_of(self.world, user)
        if caller.standing is Standing.NONE:
            profile = caller.login.rpartition("@")[2].removesuffix("-authz")
            raise html_error(
                401, f"The user {caller.login} with profile [{profile}] is not authorized to perform login"
            )
        return caller, began

    def _bearer(self, text: str) -> tuple[Entity, bool]:
        token, now_s = self.tokens.get(text), self.world.clock.now_s
        if token is None or now_s - token.used_s > IDLE_LIMIT_S or token.scope != _API_SCOPE:
            self.tokens.pop(text, None)
            raise html_error(401, _EXPIRED)
        token.used_s = now_s
        began, token.has_session = not token.has_session, True
        return token.user, began


def _basic(header: str) -> tuple[str, str] | None:
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return name, password


def _refusal(code: str, text: str) -> LabResponse:
    return _json({"error_code": code, "error": text}, status=400)


def _json(content: dict[str, str], status: int = 200) -> LabResponse:
    headers = [
        ("Content-Type", "application/json"),
        ("X-CONTENT-TYPE-OPTIONS", "NOSNIFF"),
        ("X-FRAME-OPTIONS", "SAMEORIGIN"),
        ("X-XSS-PROTECTION", "1; MODE=BLOCK"),
    ]
    return LabResponse(
        status=status, body=json.dumps(content, separators=(",", ":")).encode(), headers=headers
    )
