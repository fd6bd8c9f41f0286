"""A simulated engine: an HTTPS server with state that the unmodified SDK and Ansible talk to.

It implements the engine from the engine's side (recordings and source) and imports none of the
product's judgement. Everything is state; every answer is rendered from it at the moment of asking.

    with rhevmig.lab.serve("demo.yaml", speed=100) as lab:
        lab.url, lab.ca_file, lab.username, lab.password, lab.world, lab.clock, lab.advance(60)

Map, from the bottom up (a module imports only what stands above it):

- `tree`          the value of an attribute: text, struct or list; reading, changing, parsing XML.
- `schema`        the shape of each kind of entity as data (`data/places.yaml`, `data/model.json`).
- `simclock`      the simulated clock and the agenda of future acts; nothing else knows the time.
- `world`         the store: entities by place and id, children, references, indexes, change hooks.
- `faults`        refusals in the engine's shapes; `eventlog` events, `jobs` jobs and steps.
- `defaults`      what new entities are like and what every engine comes with.
- `derived`       members computed at the moment of asking; `parts` whole sub-entities of that kind.
- `links`         which entities a sub-collection holds.
- `render`        entities to indented XML, kept by version; `render_json` the same as JSON.
- `follow`        the `follow` parameter; `search` the search grammar with its `fields`.
- `accounts`      users and roles; `sso` tokens, sessions, idle expiry, logout.
- `bodies`        request bodies held against the model; `routes` what a path points at.
- `reading`       GET; `writing` create, edit, remove, act; `acts` the registry they ask.
- `enginestate`   what an engine consists of; `engine` one request in, one response out.
- `rules_*`       creating, editing and removing, kind by kind; `changing` what they share.
- `scenario`      the YAML form of a world; `builder`, `build*` make the world from it.
- `crawl`         a world from recorded answers (`unfolding`, `gauges`); `chronicle` that at any instant.
- `fidelity`      asks a lab what a recording asked of an engine, and compares; `rehearsing` with moving VMs.
- `relay`         connections that fail on purpose; `authority` the CA; `server` the HTTPS shell; `serving`.

What moves, switched on by `behaviour`, registers itself with `acts.act` for requests, `Agenda.at` for the
future, `World.on_change` for consequences and `EngineState.before`/`after` for what happens to answers:

- `filters`       which hosts may run a VM, as data with the engine's words (`cpulevels` for CPU models);
  `scheduler` sifts, weighs, reserves and words the refusal.
- `voice`         says events with codes, texts, references and correlation ids.
- `copying`       what the hosts do: queues, pre-copy, progress; `migrationlinks` the way of the bytes,
  `linkshare` sharing it, `workloads` what a VM writes meanwhile.
- `migrations`    what the engine does about it: jobs, reruns, closing words; `migrate_acts` its requests.
- `maintenance`   emptying a host, SPM hand-over; `host_acts` its requests.
- `enforcing`     affinity and balancing; `hosttrouble` what befalls hosts; `restarting` the engine's restart.
- `mishap_data`   planned failures as data, `mishap_kinds` the kinds, `mishaps` their plan; `control` the
  endpoint `/rhevmig-lab/`; `moves` all of this together.
- `recorded`, `rehearsal_state`, `rehearsal_answers`, `rehearsals` feed `rehearsing`; `expectations` is what
  a scenario in `scenarios/` says should come of it.
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
