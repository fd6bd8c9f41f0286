"""Pseudonyms for what identifies a site: names, FQDNs, addresses, MACs, serials, certificates.

Equal values get equal pseudonyms in a cassette, and in all cassettes with the same key. A name is known from
the answers that list its entity and from search expressions; a name that occurs only in the text of an event
stays.
"""

from __future__ import annotations

import copy
import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

#: Elements whose name belongs to the site. Other names (of statistics, filters, roles) are the engine's.
_NAMED = (
    "vm", "host", "cluster", "data_center", "network", "storage_domain", "disk", "template", "vnic_profile",
    "affinity_group", "affinity_label", "tag", "user", "group", "mac_pool", "quota", "qos", "vm_pool",
    "bookmark", "iscsi_bond", "external_network_provider", "provider", "snapshot", "host_group",
    "cpu_profile", "disk_profile",
)  # fmt: skip
#: Names that every engine has.
_EVERYWHERE = frozenset(
    {
        "Blank",
        "Default",
        "ovirtmgmt",
        "admin@internal",
        "admin@internal-authz",
        "Everyone",
        "Active VM",
        "OVF_STORE",
        "root",
    }
)
#: Elements whose whole text belongs to the site, by the kind of pseudonym.
_TAGS = {
    "fqdn": ("fqdn", "hostname", "address", "external_host", "subject", "san", "common_name"),
    "word": (
        "serial_number", "serial", "hardware_uuid", "wwn", "logical_unit_id", "product_uuid", "target",
        "volume_group_id", "comment", "alias", "user_name", "principal", "email", "namespace", "public_key",
        "fingerprint", "thumbprint", "organization", "initiator",
    ),
    "path": ("path",),
}  # fmt: skip
_WHOLE = frozenset(tag for tags in _TAGS.values() for tag in tags)
_VALUES = {kind: re.compile(rf"<({'|'.join(tags)})>([^<]+)<") for kind, tags in _TAGS.items()}

_OPENED = rf"<(?P<tag>{'|'.join(_NAMED)})(?: [^>]*[^/])?>(?:\s*<actions>.*?</actions>)?\s*"
_NAME = re.compile(rf"{_OPENED}<name>(?P<name>[^<]+)</name>", re.DOTALL)
_DESCRIPTION = re.compile(rf"{_OPENED}(?:<name>[^<]*</name>)?\s*<description>(?P<name>[^<]+)<", re.DOTALL)
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_MAC = re.compile(r"\b[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}\b")
#: An address, or a whole version, which may look like one and stays.
_IPV4 = re.compile(r"<[a-z_]*version>[^<]*|(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
_IPV6 = re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{1,4}:){2,7}[0-9a-fA-F:]{0,30}(?![\w:])")
_FQDN = re.compile(r"\b(?:[A-Za-z0-9_-]+\.)+[A-Za-z][A-Za-z0-9-]*\b")
_TOKEN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*")
_JOINT = re.compile(r"([-_.@])")
#: Fields of the search language whose value is a name of the site, and the prefix of its pseudonym.
_SEARCHED = {
    "name": "name", "cluster": "cluster", "datacenter": "data-center", "host": "host", "hosts": "host",
    "vm": "vm", "vms": "vm", "template": "template", "templates": "template", "storage": "storage-domain",
    "storage_name": "storage-domain", "network": "network", "pool": "vm-pool", "tag": "tag", "alias": "disk",
    "usrname": "user", "user": "user", "users": "user", "event_vm": "vm", "event_host": "host",
    "event_storage": "storage-domain", "event_datacenter": "data-center", "event_template": "template",
    "cluster_name": "cluster", "vm_names": "vm", "disk_vm_names": "vm", "fqdn": "fqdn", "address": "address",
    "description": "description", "comment": "comment", "message": "message", "department": "word",
}  # fmt: skip
_COMPARISON = re.compile(r"(?P<field>[\w.]+)\s*(?:!=|>=|<=|=|<|>)\s*(?P<value>\"[^\"]*\"|[^\s()]+)")
_SEARCH_WORDS = frozenset({"and", "or", "not", "sortby", "asc", "desc", "page", "name", "status"})
#: Elements with free text, where names may occur; a VM named `up` must not change `<status>up`.
_FREE_TAGS = "comment|correlation_id|description|detail|message|name|reason"
_FREE = re.compile(rf"(<(?:{_FREE_TAGS})>)([^<]+)(</)")
_OTHER = re.compile(rf"(<(?!(?:{_FREE_TAGS})>)[a-z_]+>)([^<]+)(</)")


class Pseudonyms:
    """A keyed one-to-one replacement.

    Args:
        key: the same key gives the same pseudonyms in several cassettes; random by default.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key if key is not None else secrets.token_bytes(16)
        self._phrases: list[str] = []
        # Values of the last document that have pseudonyms.
        self.replaced = 0

    def document(self, document: dict[str, Any]) -> dict[str, Any]:
        """A cassette's document with pseudonyms; the given one is not changed."""
        words = self._words(document)
        self.replaced = len(words)
        self._phrases = [word for word in words if " " in word]
        changed = copy.deepcopy(document)
        for interaction in changed["interactions"]:
            self._interaction(interaction, words)
        return changed

    # ── what to replace ──────────────────────────────────────────────────────────────────────────

    def _words(self, document: dict[str, Any]) -> dict[str, str]:
        """Words of the site → pseudonyms, from every body and search of the cassette."""
        words: dict[str, str] = {}
        for interaction in document["interactions"]:
            parts = urlsplit(interaction["request"]["uri"])
            if parts.hostname and not _is_address(parts.hostname):
                words.setdefault(parts.hostname, "engine.site.example")
        for text in _texts(document):
            for match in _NAME.finditer(text):
                self._add(words, match["name"], match["tag"].replace("_", "-") + "-")
            for kind, pattern in _VALUES.items():
                for match in pattern.finditer(text):
                    prefix = match[1].replace("_", "-") + "-"
                    self._add(words, match[2], "/path-" if kind == "path" else prefix)
            for match in _DESCRIPTION.finditer(text):
                self._add(words, match["name"], "description ")
        # After the bodies, which know the kind of a name.
        for interaction in document["interactions"]:
            for prefix, word in _searched(urlsplit(interaction["request"]["uri"]).query):
                self._add(words, word, prefix)
        return words

    def _add(self, words: dict[str, str], value: str, prefix: str) -> None:
        word = value.strip()
        if not word or word in words or word in _EVERYWHERE or _is_address(word) or _MAC.fullmatch(word):
            return
        if "." in word and _FQDN.fullmatch(word):
            words[word] = f"h{self._digest('fqdn', word)}.site.example"
        elif "@" in word:
            words[word] = f"user-{self._digest('user', word)}@site"
        else:
            words[word] = prefix + self._digest("name", word)

    # ── replacing ────────────────────────────────────────────────────────────────────────────────

    def _interaction(self, interaction: dict[str, Any], words: dict[str, str]) -> None:
        request, response = interaction["request"], interaction["response"]
        request["uri"] = self._uri(request["uri"], words)
        if isinstance(request.get("body"), str):
            body = request["body"]
            request["body"] = (
                self._body(body, words) if body.lstrip()[:1] == "<" else self._query(body, words)
            )
        for side in (request, response):
            headers = side.get("headers") or {}
            side["headers"] = {
                name: [self._plain(str(value), words) for value in values]
                if isinstance(values, list)
                else values
                for name, values in headers.items()
            }
        content = response.get("body") or {}
        if isinstance(content.get("string"), str):
            content["string"] = self._body(content["string"], words)

    def _uri(self, uri: str, words: dict[str, str]) -> str:
        parts = urlsplit(uri)
        mark = "?" if parts.query else ""
        return f"{parts.scheme}://engine.site.example{parts.path}{mark}{self._query(parts.query, words)}"

    def _query(self, query: str, words: dict[str, str]) -> str:
        pieces = []
        for pair in query.split("&"):
            name, equals, value = pair.partition("=")
            plain = unquote(value.replace("+", " "))
            hidden = self._plain(plain, words)
            pieces.append(pair if hidden == plain else f"{name}{equals}{quote(hidden)}")
        return "&".join(pieces)

    def _body(self, body: str, words: dict[str, str]) -> str:
        body = _CERTIFICATE.sub(self._certificate, body)
        body = _OTHER.sub(self._whole(words), body)
        body = _FREE.sub(lambda match: match[1] + self._plain(match[2], words) + match[3], body)
        if body[:1] in "{[":
            return self._plain(body, words)
        return self._addresses(body)

    def _whole(self, words: dict[str, str]) -> Callable[[re.Match[str]], str]:
        def replaced(match: re.Match[str]) -> str:
            known = words.get(match[2].strip()) if match[1][1:-1] in _WHOLE else None
            return match[0] if known is None else match[1] + known + match[3]

        return replaced

    def _plain(self, text: str, words: dict[str, str]) -> str:
        """Words inside free text, then addresses."""
        if text.strip() in words:
            return words[text.strip()]
        if " " in text:
            for phrase in self._phrases:
                text = text.replace(phrase, words[phrase])
        return self._addresses(_TOKEN.sub(lambda match: _within(match[0], words), text))

    def _addresses(self, text: str) -> str:
        text = _MAC.sub(lambda match: self._mac(match[0]), text)
        text = _IPV4.sub(lambda match: self._ipv4(match[0]), text)
        return _IPV6.sub(lambda match: self._ipv6(match[0]), text)

    # ── pseudonyms ────────────────────────────────────────────────────────────────────────────────

    def _digest(self, kind: str, value: str, length: int = 8) -> str:
        return hmac.new(self._key, f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()[:length]

    def _mac(self, address: str) -> str:
        digest = self._digest("mac", address.lower(), 10)
        return ":".join(["02", *(digest[start : start + 2] for start in range(0, 10, 2))])

    def _ipv4(self, address: str) -> str:
        """Addresses of one /24 stay in one /24, because checks compare networks."""
        if not _is_address(address) or _is_general(address):
            return address
        network, _, host = address.rpartition(".")
        digest = int(self._digest("ipv4", network), 16)
        return f"10.{digest >> 8 & 255}.{digest & 255}.{host}"

    def _ipv6(self, address: str) -> str:
        if not _is_address(address) or _is_general(address):
            return address
        value = ipaddress.IPv6Address(address)
        prefix = int(self._digest("ipv6", str(int(value) >> 64), 14), 16)
        return str(ipaddress.IPv6Address((0xFD << 120) | (prefix << 64) | (int(value) & (1 << 64) - 1)))

    def _certificate(self, match: re.Match[str]) -> str:
        digest = self._digest("certificate", match[1], 64)
        return f"-----BEGIN CERTIFICATE-----\n{digest}\n-----END CERTIFICATE-----"


def _within(token: str, words: dict[str, str]) -> str:
    """A token with its longest known parts replaced: `rec-app01-3` contains `app01`."""
    if token in words:
        return words[token]
    parts = _JOINT.split(token)
    for length in range(len(parts) - 2, 0, -2):
        for start in range(0, len(parts) - length + 1, 2):
            known = words.get("".join(parts[start : start + length]))
            if known is not None:
                before, after = "".join(parts[:start]), "".join(parts[start + length :])
                return _within(before, words) + known + _within(after, words)
    return token


def _searched(query: str) -> Iterator[tuple[str, str]]:
    """Names in a search expression: (prefix of the pseudonym, name)."""
    for name, value in parse_qsl(query):
        if name != "search":
            continue
        rest = value
        for match in _COMPARISON.finditer(value):
            rest = rest.replace(match[0], " ")
            field = match["field"].lower().rpartition(".")[2]
            if field in _SEARCHED:
                yield _SEARCHED[field] + "-", match["value"].strip('"').strip("*")
        for word in _TOKEN.findall(rest):
            if word.lower() not in _SEARCH_WORDS and not word.isdigit():
                yield "word-", word


def _texts(document: dict[str, Any]) -> Iterator[str]:
    for interaction in document["interactions"]:
        for body in (
            interaction["request"].get("body"),
            (interaction["response"].get("body") or {}).get("string"),
        ):
            if isinstance(body, str) and body.lstrip()[:1] == "<":
                yield body


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_general(address: str) -> bool:
    """Whether it is a mask, loopback or the like, which identifies no site."""
    value = ipaddress.ip_address(address)
    masks = address.startswith(("255.", "0.")) or address.endswith(".0.0.0")
    return masks or value.is_loopback or value.is_unspecified or value.is_link_local or value.is_multicast
