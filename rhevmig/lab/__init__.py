"""A simulated engine: an HTTPS server with state that the unmodified SDK and Ansible talk to.

It implements the engine from the engine's side (recordings and source) and imports none of the
product's judgement. Everything is state; every answer is rendered from it at the moment of asking.

Map, from the bottom up (a module imports only what stands above it):

- `tree`        the value of an attribute: text, struct or list, as XML has it; reading, changing, parsing.
- `schema`      the shape of each kind of entity as data (`data/places.yaml`, `data/model.json`).
- `simclock`    the simulated clock and the agenda of future acts; nothing else knows the time.
- `world`       the store: entities by place and id, children, references, indexes, change hooks.
- `machines`    typed access to what behaviour needs: `Vm`, `Host` (status, host, memory, networks).
- `faults`      refusals: `Refused` carries a status code and a body in the engine's shape; texts as data.
- `eventlog`    events with code, severity, text and references (`data/events.yaml`).
- `jobs`        jobs and steps: started, finished, failed, swept away.
- `derived`     members that are computed at the moment of asking (`summary`, `display`, …).
- `links`       which entities a sub-collection holds.
- `render`      entities to indented XML, with a cache by version; `render_json` the same as JSON.
- `follow`      the `follow` parameter, any depth, and what it refuses.
- `search`      the search grammar with its silent failure; `fields` the fields of each kind.
- `accounts`    users, passwords, roles; `sso` tokens, sessions, logout, idle expiry.
- `bodies`      request bodies parsed and held against the model.
- `reading`     GET; `writing` create, edit, remove, with `rules_*` per kind; `acts` the registry of actions.
- `engine`      one request in, one response out: `Engine.handle(Request) -> Response`.
- `scenario`    the YAML form of a world, typed; `build` makes the world; `crawl` makes it from recordings.
- `relay`       cut, silent and reset connections; `server` the HTTPS shell; `serving` `serve(...)`.

Behaviour that moves (migrations, maintenance, the scheduler, faults on purpose) registers itself with
`acts.act` for requests, `Agenda.at` for the future and `World.on_change` for consequences; see `acts`.
"""
