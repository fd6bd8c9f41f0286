"""One act on the engine, sent exactly once, and its answer: accepted, refused, not sent, or answer lost.

Each act uses a new connection: libcurl silently sends a request again when a kept connection turns out to be
dead, and then it would be unknown whether the engine had accepted the first one.
"""

from __future__ import annotations

from typing import Any

from ovirtsdk4 import types, writers

from rhevmig.engine.curl_errors import NEVER_SENT
from rhevmig.engine.request import EngineRequest
from rhevmig.engine.sdk_connection import elements
from rhevmig.engine.transport import Transport
from rhevmig.errors import (
    AuthenticationFailed,
    CertificateUntrusted,
    EngineConflict,
    EngineError,
    EngineNotFound,
    EngineRejected,
    EngineUnreachable,
    PermissionDenied,
)
from rhevmig.migration.port import Accepted, ActAnswer, AnswerLost, NotSent, Refused

#: Longest wait for the answer: a busy scheduler serialises the requests of a cluster.
ACT_TIMEOUT_S = 120.0


def act(
    transport: Transport,
    path: str,
    *,
    correlation_id: str,
    host_id: str | None = None,
    cluster_id: str | None = None,
    force: bool | None = None,
    affinity_closure: bool | None = None,
    reason: str | None = None,
) -> ActAnswer:
    """Sends an action.

    Raises: AuthenticationFailed; nothing was done, because the session has ended.
    """
    action = types.Action(
        host=types.Host(id=host_id) if host_id else None,
        cluster=types.Cluster(id=cluster_id) if cluster_id else None,
        force=force,
        migrate_vms_in_affinity_closure=affinity_closure,
        reason=reason,
    )
    settings = transport.settings
    request = EngineRequest(method="POST", url=settings.url, path=path, correlation_id=correlation_id)
    try:
        content = transport.exchange(
            request,
            {"correlation_id": correlation_id},
            body=writers.Writer.write(action, indent=True),
            timeout_s=min(ACT_TIMEOUT_S, settings.timeout_s),
            fresh=True,
        )
        (answer,) = list(elements(content, request, tag="action"))
    except AuthenticationFailed:
        raise
    except EngineError as error:
        return _without_answer(error)
    return _answered(answer)


def _answered(action: Any) -> ActAnswer:
    if action.fault is not None:
        # never seen, but the SDK checks it too: a fault inside HTTP 200
        return Refused(status_code=200, detail=action.fault.detail or "", reason=action.fault.reason or "")
    return Accepted(job_id=action.job.id if action.job else None)


def _without_answer(error: EngineError) -> ActAnswer:
    refusals = PermissionDenied | EngineConflict | EngineRejected | EngineNotFound
    if isinstance(error, refusals):
        return Refused(status_code=error.status_code, detail=error.detail, reason=error.reason)
    if isinstance(error, CertificateUntrusted):
        return NotSent(detail=error.message)
    if isinstance(error, EngineUnreachable) and error.reason == NEVER_SENT:
        return NotSent(detail=error.message)
    if error.path.endswith("/sso/oauth/token"):
        # HTTP 401 came first, so the engine did nothing; only the new login failed
        return NotSent(detail=error.message)
    return AnswerLost(detail=error.message)
