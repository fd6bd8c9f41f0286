"""One request in, one response out: authentication, routing, refusals and the engine's other pages.

Importing this module registers the handlers of all resources. Requests may come from any thread; one is
handled at a time.
"""

from __future__ import annotations

import re

from rhevmig.lab.api import routes
from rhevmig.lab.api.engine_state import EngineState
from rhevmig.lab.api.get import read, read_root, root_links
from rhevmig.lab.api.json import json_of
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.api.write import write
from rhevmig.lab.api.xml import PROLOG, render_tree
from rhevmig.lab.behaviour import attach
from rhevmig.lab.http.faults import EngineFault, html_error
from rhevmig.lab.http.request import LabRequest, LabResponse
from rhevmig.lab.resources import (
    affinity,
    clusters,
    data_centers,
    disks,
    host_networks,
    hosts,
    jobs,
    kinds,
    networks,
    permissions,
    snapshots,
    storage_domains,
    tags,
    templates,
    vm_power,
    vms,
)
from rhevmig.lab.state.store import World

#: Modules that register handlers when they are imported.
REGISTERING = (
    *(affinity, clusters, data_centers, disks, host_networks, hosts, jobs, kinds, networks, permissions),
    *(snapshots, storage_domains, tags, templates, vm_power, vms),
)
_API = "/ovirt-engine/api"
_PRODUCED = {"*/*", "application/*", "application/json", "application/xml", "text/xml"}


class SimulatedEngine(EngineState):
    """A simulated engine around one world."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        attach(self)

    def handle(self, request: LabRequest) -> LabResponse:
        """Answer a request; the simulated clock is stopped meanwhile."""
        with self.lock:
            self.world.agenda.run_due()
            self.world.clock.freeze(self.world.clock.running_s)
            try:
                response = self._answer(request)
            except Exception as mistake:  # noqa: BLE001 - a client gets the engine's page, never a traceback
                self.mistakes.append(mistake)
                response = self._refusal(html_error(500, "Internal Server Error"))
            finally:
                self.world.clock.freeze(None)
            return response

    def _answer(self, request: LabRequest) -> LabResponse:
        response: LabResponse | None = None
        for intercept in self.before:
            response = intercept(request)
            if response is not None:
                break
        if response is None:
            response = self._route(request)
        for change in self.after:
            response = change(request, response)
        return response

    def _route(self, request: LabRequest) -> LabResponse:
        path = request.path.rstrip("/")
        if path in ("/ovirt-engine/sso/oauth/token", "/ovirt-engine/sso/oauth/token-http-auth"):
            return self.sign_on.token_endpoint(request)
        if path == "/ovirt-engine/services/sso-logout":
            return self.sign_on.logout_endpoint(request)
        if path.startswith(_API) and path[len(_API) :][:1] in ("", "/", ";"):
            return self._api(request)
        return self._other(request, path)

    def _other(self, request: LabRequest, path: str) -> LabResponse:
        if path == "/ovirt-engine/services/health":
            return LabResponse(
                200, b"DB Up!Welcome to Health Status!", [("Content-Type", "text/html;charset=ISO-8859-1")]
            )
        if path == "/ovirt-engine/sso/status":
            body = b'{"status":"active","status_description":"SSO Webapp Deployed","version":"0"}'
            return LabResponse(200, body, [("Content-Type", "application/json")])
        if path == "/ovirt-engine/services/pki-resource" and request.param("resource") == "ca-certificate":
            content = str(self.world.engine_facts.get("certificate", "")).encode()
            return LabResponse(
                200, content, [("Content-Type", "application/x-x509-ca-cert; charset=ISO-8859-1")]
            )
        page = b"<html><head><title>Error</title></head><body>Not Found</body></html>"
        return LabResponse(404, page, [("Content-Type", "text/html;charset=UTF-8")])

    # -- the API

    def _api(self, request: LabRequest) -> LabResponse:
        correlation_id = self._correlation_id(request)
        try:
            response = self._let_in(request, correlation_id)
        except EngineFault as refused:
            response = self._refusal(refused)
            if refused.status == 401:
                response.headers.append(("WWW-Authenticate", 'Basic realm="RESTAPI"'))
                return response
        response.headers.append(("Correlation-Id", correlation_id))
        return response

    def _correlation_id(self, request: LabRequest) -> str:
        sent = request.headers.get("correlation-id") or request.param("correlation_id") or ""
        return re.sub(r"[^0-9A-Za-z_-]", "", sent)[:36] or self.world.new_id("correlation")

    def _let_in(self, request: LabRequest, correlation_id: str) -> LabResponse:
        caller, began = self.sign_on.caller(request)
        if began:
            session = self.world.new_id("session")
            self.events.write(
                30,
                caller.user,
                correlation_id=self.world.new_id("correlation")[:8],
                user=caller.login,
                address=request.client,
                session=session,
            )
        rest = request.path[len(_API) :].strip("/")
        version = request.headers.get("version", "4")
        base = _API
        if rest == "v3" or rest.startswith("v3/"):
            version = "3"
        elif rest == "v4" or rest.startswith("v4/"):
            rest, base = rest[2:].strip("/"), f"{_API}/v4"
        if version == "3":
            raise html_error(405, f"HTTP method {request.method} is not supported by this URL")
        if version != "4":
            raise html_error(400, "Bad Request")
        if not self._is_acceptable(request.headers.get("accept", "")):
            raise EngineFault(406, in_action=False)
        context = RequestContext(self, request, caller, correlation_id, base)
        segments = [part for part in request.segments[2:] if part]
        if base != _API:
            segments = segments[1:]
        return self._dispatch(context, segments)

    def _dispatch(self, context: RequestContext, segments: list[str]) -> LabResponse:
        request = context.request
        if not segments:
            return self._root(context)
        full = f"{self.public_url}{_API}/v4/{'/'.join(segments)}"
        reads = request.method in ("GET", "HEAD")
        target = routes.find_target(self.world, segments, full, to_write=not reads)
        if reads:
            response = read(context, target)
            return self._as_json(response) if self._wants_json(request) else response
        return write(context, target)

    def _root(self, context: RequestContext) -> LabResponse:
        if context.request.method not in ("GET", "HEAD"):
            raise EngineFault(405, allow="HEAD, GET, OPTIONS", in_action=False)
        response = read_root(context)
        links = sorted((rel, href) for rel, href in root_links(f"{self.public_url}{_API}"))
        found = ",".join(sorted(f"<{href}>; rel={rel}" for rel, href in links))
        response.headers.append(("Link", found))
        if context.request.method == "HEAD":
            return LabResponse(200, b"", [("Link", found)])
        return self._as_json(response) if self._wants_json(context.request) else response

    def _is_acceptable(self, accept: str) -> bool:
        """Whether the API has a representation for an Accept header."""
        kinds = {part.split(";")[0].strip().lower() for part in accept.split(",")}
        return not accept.strip() or bool(kinds & _PRODUCED)

    def _wants_json(self, request: LabRequest) -> bool:
        accept = request.param("accept") or request.headers.get("accept", "")
        return accept.split(",")[0].split(";")[0].strip() == "application/json"

    def _as_json(self, response: LabResponse) -> LabResponse:
        if response.status != 200:
            return response
        return LabResponse(response.status, json_of(response.body), [("Content-Type", "application/json")])

    def _refusal(self, refused: EngineFault) -> LabResponse:
        headers = [("Allow", refused.allow)] if refused.allow else []
        if not refused.detail:
            return LabResponse(refused.status, b"", headers)
        headers.append(("Content-Type", refused.content_type))
        if "xml" not in refused.content_type:
            return LabResponse(refused.status, refused.detail.encode(), headers)
        fault = {"detail": refused.detail, "reason": refused.reason}
        body = PROLOG + "".join(render_tree("fault", fault))
        return LabResponse(refused.status, body.encode(), headers)
