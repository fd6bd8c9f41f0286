"""Contracts of what an engine will not do: logins, addresses, ids, and VMs that may not move."""

from __future__ import annotations

from rhevmig.errors import AuthenticationFailed, NotAnEngine, PermissionDenied
from rhevmig.migration import Refused
from tests.contract.adapter.site import NO_SUCH_ID, Site, contract


def refused(answer: object, *codes: int) -> Refused:
    """The answer, proven to be a refusal in the engine's words."""
    assert isinstance(answer, Refused), answer
    assert answer.status_code in codes, answer
    # seen: HTTP 404 for an act on what is not there may come without a body
    assert answer.detail or answer.status_code == 404, answer
    return answer


@contract(raises=AuthenticationFailed, changes=True)
def wrong_password(site: Site) -> object:
    """A wrong password is refused, once, and not shown."""
    return site.connect(password="not-the-word")


@contract(raises=AuthenticationFailed)
def unknown_user(site: Site) -> object:
    """A user whom the engine does not know."""
    return site.connect(username="rhevmig-contract-nobody@internal", password="not-the-word")


@contract(raises=AuthenticationFailed)
def unknown_profile(site: Site) -> object:
    """A profile that the engine does not have."""
    return site.connect(username="admin@rhevmig-contract", password="not-the-word")


@contract(raises=AuthenticationFailed)
def foreign_token(site: Site) -> object:
    """A token that the engine never gave."""
    return site.connect(username=None, password=None, token="not-a-token-of-this-engine")


@contract(raises=PermissionDenied, rehearsed=True)
def user_without_a_role(site: Site) -> object:
    """Who may log in but has no role at all is told so."""
    return site.connect(**site.login_of("nobody"))


@contract(raises=NotAnEngine)
def path_without_an_api(site: Site) -> object:
    """An address of the engine where its API is not."""
    return site.connect(site.url.removesuffix("/api") + "/no-api-here")


@contract(rehearsed=True)
def reader_may_not_act(site: Site) -> object:
    """Who may only read sees the VM, and is refused to move it."""
    port = site.connect(**site.login_of("reader")).migration_port()
    assert site.vm("movable") in port.watch([site.vm("movable")])
    answer = port.migrate(site.vm("movable"), correlation_id=site.mark("contract-reader"))
    return refused(answer, 403)


@contract()
def unknown_vm(site: Site) -> object:
    """A VM that is not there can neither be moved nor be cancelled."""
    port = site.port
    move = refused(port.migrate(NO_SUCH_ID, correlation_id=site.mark("contract-unknown-1")), 400, 404, 409)
    cancel = refused(
        port.cancel_migration(NO_SUCH_ID, correlation_id=site.mark("contract-unknown-2")), 400, 404, 409
    )
    return move, cancel


@contract()
def unknown_host(site: Site) -> object:
    """A host that is not there can neither be emptied nor be activated."""
    port = site.port
    away = refused(
        port.deactivate_host(NO_SUCH_ID, correlation_id=site.mark("contract-host-1")), 400, 404, 409
    )
    back = refused(port.activate_host(NO_SUCH_ID, correlation_id=site.mark("contract-host-2")), 400, 404, 409)
    return away, back


@contract(changes=True)
def unknown_destination(site: Site) -> object:
    """A VM cannot be sent to a host that is not there, and stays where it is."""
    vm = site.vm("movable")
    answer = site.port.migrate(vm, correlation_id=site.mark("contract-dest"), destination_host_id=NO_SUCH_ID)
    assert site.until_still(vm) == [("up", site.host("source"))]
    return refused(answer, 400, 404, 409)


@contract(changes=True)
def pinned_vm(site: Site) -> object:
    """A VM that is pinned to its host is refused with the engine's reason."""
    answer = site.port.migrate(site.vm("pinned"), correlation_id=site.mark("contract-pinned"))
    return refused(answer, 409)


@contract(changes=True)
def vm_that_is_down(site: Site) -> object:
    """A VM that does not run cannot be moved."""
    return refused(site.port.migrate(site.vm("down"), correlation_id=site.mark("contract-down")), 409)


@contract(changes=True)
def to_its_own_host(site: Site) -> object:
    """A VM cannot be sent to where it is: the engine finds no host to use (HTTP 400)."""
    answer = site.port.migrate(
        site.vm("movable"), correlation_id=site.mark("contract-same"), destination_host_id=site.host("source")
    )
    return refused(answer, 400, 409)


@contract(changes=True)
def cancel_without_a_migration(site: Site) -> object:
    """There is nothing to cancel on a VM that does not move (HTTP 409), and nothing changes."""
    vm = site.vm("movable")
    answer = refused(site.port.cancel_migration(vm, correlation_id=site.mark("contract-still")), 409)
    assert site.until_still(vm) == [("up", site.host("source"))]
    return answer


@contract(changes=True)
def activate_what_is_up(site: Site) -> object:
    """A host that is in service cannot be activated."""
    return refused(site.port.activate_host(site.host("other"), correlation_id=site.mark("contract-up")), 409)
