"""The options of pycurl that the cassette stubs understand, by what they decide.

Any other option is refused with an error: it could change a request in a way that the cassette does not
record. Names are looked up in the installed pycurl, so that old and new versions work.
"""

from __future__ import annotations

from collections.abc import Mapping

import pycurl

#: They make the request; the stub reads them.
_REQUEST = (
    "URL CUSTOMREQUEST HTTPGET POST POSTFIELDS COPYPOSTFIELDS POSTFIELDSIZE POSTFIELDSIZE_LARGE NOBODY "
    "PUT UPLOAD READFUNCTION READDATA INFILE INFILESIZE INFILESIZE_LARGE HTTPHEADER USERPWD USERNAME "
    "PASSWORD HTTPAUTH XOAUTH2_BEARER USERAGENT REFERER COOKIE ACCEPT_ENCODING ENCODING RANGE"
)
#: They receive the response; the stub calls them.
_RESPONSE = "WRITEFUNCTION WRITEDATA FILE HEADERFUNCTION WRITEHEADER FAILONERROR"
#: They configure the transport: libcurl reads them while recording, replay ignores them.
_TRANSPORT = (
    "SSL_VERIFYPEER SSL_VERIFYHOST SSL_VERIFYSTATUS CAINFO CAPATH CAINFO_BLOB CRLFILE ISSUERCERT "
    "SSLCERT SSLCERTTYPE SSLCERT_BLOB SSLKEY SSLKEYTYPE SSLKEY_BLOB SSLKEYPASSWD KEYPASSWD SSLVERSION "
    "SSL_OPTIONS SSL_CIPHER_LIST TLS13_CIPHERS SSL_SESSIONID_CACHE SSL_ENABLE_ALPN PINNEDPUBLICKEY "
    "OPT_CERTINFO TIMEOUT TIMEOUT_MS CONNECTTIMEOUT CONNECTTIMEOUT_MS LOW_SPEED_LIMIT LOW_SPEED_TIME "
    "EXPECT_100_TIMEOUT_MS DNS_CACHE_TIMEOUT NOSIGNAL FOLLOWLOCATION MAXREDIRS POSTREDIR AUTOREFERER "
    "UNRESTRICTED_AUTH VERBOSE DEBUGFUNCTION NOPROGRESS PROGRESSFUNCTION XFERINFOFUNCTION COOKIEFILE "
    "COOKIEJAR COOKIESESSION PROXY PROXYPORT PROXYTYPE PROXYUSERPWD PROXYUSERNAME PROXYPASSWORD "
    "PROXYAUTH PROXYHEADER HTTPPROXYTUNNEL NOPROXY PROXY_CAINFO PROXY_SSL_VERIFYPEER "
    "PROXY_SSL_VERIFYHOST HTTP_VERSION FORBID_REUSE FRESH_CONNECT MAXCONNECTS MAXAGE_CONN PIPEWAIT "
    "TCP_NODELAY TCP_KEEPALIVE TCP_KEEPIDLE TCP_KEEPINTVL TCP_FASTOPEN IPRESOLVE RESOLVE CONNECT_TO "
    "INTERFACE LOCALPORT LOCALPORTRANGE UNIX_SOCKET_PATH BUFFERSIZE UPLOAD_BUFFERSIZE "
    "HTTP_CONTENT_DECODING HTTP_TRANSFER_DECODING NETRC NETRC_FILE SEEKFUNCTION SOCKOPTFUNCTION "
    "OPENSOCKETFUNCTION CLOSESOCKETFUNCTION PROTOCOLS REDIR_PROTOCOLS DEFAULT_PROTOCOL SERVICE_NAME "
    "MAX_RECV_SPEED_LARGE MAX_SEND_SPEED_LARGE SHARE"
)
_MULTI = (
    "M_PIPELINING M_MAX_PIPELINE_LENGTH M_MAX_HOST_CONNECTIONS M_MAX_TOTAL_CONNECTIONS M_MAXCONNECTS "
    "M_MAX_CONCURRENT_STREAMS M_CHUNK_LENGTH_PENALTY_SIZE M_CONTENT_LENGTH_PENALTY_SIZE"
)


def numbers(names: str) -> frozenset[int]:
    """The numbers of the named options that this pycurl has."""
    return frozenset(getattr(pycurl, name) for name in names.split() if hasattr(pycurl, name))


def names_of(number: int, *, multi: bool = False) -> str:
    """The names of an option's number, for messages."""
    return "/".join(
        sorted(
            name
            for name, value in vars(pycurl).items()
            if name.isupper()
            and value == number
            and name.startswith("M_") is multi
            and not name.startswith("E_")
        )
    )


#: Every option of an easy handle that may be set.
KNOWN = numbers(_REQUEST) | numbers(_RESPONSE) | numbers(_TRANSPORT)
#: Every option of a multi handle that may be set.
MULTI_KNOWN = numbers(_MULTI)
#: Receivers of the response; the stub replaces them in libcurl while recording.
RESPONSE_SINKS = numbers("WRITEFUNCTION WRITEDATA FILE HEADERFUNCTION WRITEHEADER")
#: Sources of an upload; the stub replaces them too.
UPLOAD_SOURCES = numbers("READFUNCTION READDATA INFILE")

#: Number of a `getinfo` field → key in a replayed transfer.
INFOS: Mapping[int, str] = {
    getattr(pycurl, name): key
    for name, key in {
        "RESPONSE_CODE": "code",
        "HTTP_CODE": "code",
        "EFFECTIVE_URL": "url",
        "CONTENT_TYPE": "content_type",
        "TOTAL_TIME": "seconds",
        "STARTTRANSFER_TIME": "seconds",
        "PRETRANSFER_TIME": "zero_seconds",
        "CONNECT_TIME": "zero_seconds",
        "APPCONNECT_TIME": "zero_seconds",
        "NAMELOOKUP_TIME": "zero_seconds",
        "SIZE_DOWNLOAD": "length",
        "CONTENT_LENGTH_DOWNLOAD": "length",
        "HEADER_SIZE": "header_length",
        "REDIRECT_COUNT": "redirects",
        "REDIRECT_URL": "nothing",
        "HTTP_VERSION": "http_version",
        "SSL_VERIFYRESULT": "zero",
        "OS_ERRNO": "zero",
        "NUM_CONNECTS": "zero",
        "HTTP_CONNECTCODE": "zero",
    }.items()
    if hasattr(pycurl, name)
}
