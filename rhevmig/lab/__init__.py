"""A simulated engine: an HTTPS server with state that the unmodified SDK and Ansible talk to.

It implements the engine from the engine's side (recordings and source) and imports none of the
product's judgement. Everything is state; every answer is rendered from it when requested.

    with rhevmig.lab.serve("demo.yaml", speed=100) as lab:
        lab.url, lab.ca_file, lab.username, lab.password, lab.world, lab.clock, lab.advance(60)

Its folders, from the bottom up; each imports only those above it in this list:

- `state/`: entities, events, jobs, the simulated clock; then `http/`: server, sign-on, accounts, faults.
- `api/`: what a request means and how an answer looks, the registry of handlers; `recordings/`: import.
- `resources/`: creating, changing and removing, by kind; `scheduling/`: which hosts may run a VM.
- `migration/`: memory copies, outcomes, balancing; `hosts/`: maintenance, failures; `subsystems` wires them.
- `actions/`: `migrate`, `deactivate` and the like; `fault_injection/`: planned faults, control endpoint.
- `scenario/`: a world from YAML; `simulated_engine`: one request in, one response out; `lab`: serving it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = [
    "Lab",
    "Scenario",
    "load_scenario",
    "open_lab",
    "parse_scenario",
    "serve",
    "sign_in",
    "world_from_crawl",
]

_HOMES = {
    "Lab": "lab",
    "open_lab": "lab",
    "serve": "lab",
    "sign_in": "lab",
    "world_from_crawl": "lab",
    "Scenario": "scenario.model",
    "load_scenario": "scenario.model",
    "parse_scenario": "scenario.model",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
