"""Which names hold secrets, and which values are already hidden."""

from __future__ import annotations

import re
from functools import lru_cache

#: What replaces a secret.
PLACEHOLDER = "SCRUBBED"

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
#: Anywhere in a name: `root_password`, `passwd_script`, `DB_PASSWORD_FILE`.
_ANYWHERE = ("password", "passwd", "passphrase", "passcode")
#: At the end of a name, or the whole of it.
_AT_THE_END = (
    "access_key", "api_key", "apikey", "assertion", "auth_key", "authentication_key", "authorization",
    "code_verifier", "community", "cookie", "credential", "credentials", "encryption_key", "jsessionid",
    "otp", "pass", "phpsessid", "private_key", "privatekey", "pwd", "samlresponse", "secret", "secret_key",
    "session_id", "sessionid", "signature", "ticket", "token", "token_hint",
)  # fmt: skip
#: Elements and fields whose whole content may hold secrets: scripts, console files, capability URLs.
_WHOLE = frozenset(
    {"custom_script", "remote_viewer_connection_file", "user_data", "userdata", "transfer_url", "proxy_url"}
)
#: Values that show whether there is a secret, not the secret.
_FLAGS = frozenset({"true", "false", "null", "none", "yes", "no", "0", "1"})

#: Placeholders of any tool: SCRUBBED, <TOKEN>, ***, REDACTED, xxxx.
_HIDDEN = re.compile(
    r"[\[<{(]+[A-Z][A-Z_ -]*[\])}>]+|\*+|[xX]{3,}"
    r"|(?:SCRUBBED|REDACTED|REMOVED|HIDDEN|MASKED|FILTERED|SECRET|TOKEN|PASSWORD|TICKET)?"
)


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether a field, element, parameter, header or option of this name holds a secret.

    >>> [is_secret_name(name) for name in ("rootPassword", "X-Auth-Token", "token_type", "ns:sso_token")]
    [True, True, False, True]
    """
    plain = _plain(name)
    return (
        plain in _WHOLE
        or any(part in plain for part in _ANYWHERE)
        or any(plain == end or plain.endswith("_" + end) for end in _AT_THE_END)
    )


def is_hidden(value: str) -> bool:
    """Whether a value is empty, a flag or a placeholder."""
    plain = value.strip().strip("\"'").strip()
    return plain.lower() in _FLAGS or _HIDDEN.fullmatch(plain) is not None


def _plain(name: str) -> str:
    local = name.rpartition(":")[2]
    return _CAMEL.sub("_", local).lower().replace("-", "_").replace(".", "_")
