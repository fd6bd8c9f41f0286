"""`with serve(scenario) as lab:` — a lab in this process, over HTTPS, with its CA in a file."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

import msgspec

from rhevmig.clock import ScaledClock
from rhevmig.errors import LabError, ScenarioInvalid
from rhevmig.lab.http import accounts
from rhevmig.lab.http.request import LabRequest, LabResponse
from rhevmig.lab.http.request_costs import cost_s
from rhevmig.lab.recordings.crawl_import import read_crawl
from rhevmig.lab.scenario.build_sites import build_world
from rhevmig.lab.scenario.model import Scenario, load_scenario, located
from rhevmig.lab.simulated_engine import SimulatedEngine
from rhevmig.lab.state import defaults
from rhevmig.lab.state.clock import SimClock
from rhevmig.lab.state.store import World
from rhevmig.recordings.cassette_file import read_cassette


def world_from_crawl(
    path: Path,
    *,
    password: str = "secret",  # noqa: S107
    speed: float = 1.0,
    seed: int = 0,
    monotonic: Callable[[], float] | None = None,
) -> World:
    """A world from a crawl of a real engine, at the time of the crawl; all users get the same password."""
    from datetime import datetime

    exchanges = read_cassette(path)
    recorded = next((at for item in exchanges if (at := item.header("x-recorded-at"))), None)
    start = datetime.fromisoformat(recorded) if recorded else None
    world = World(
        seed=seed, clock=SimClock(start=start, speed=speed, **({"monotonic": monotonic} if monotonic else {}))
    )
    read_crawl(world, path)
    defaults.install(world)
    for user in world.all("users"):
        user.lab["password"] = password
    _with_admin(world, password)
    return world


def _with_admin(world: World, password: str) -> None:
    """Make the user of the crawl, or else a new admin@internal, an administrator."""
    granted = [item for item in world.all("permissions") if item.ref("role") == defaults.SUPER_USER_ID]
    named = world.engine_facts.get("admin_id") or next((item.ref("user") for item in granted), None)
    admin = world.find("users", named)
    if admin is None:
        admin = accounts.add_user(world, "admin@internal", password, user_id=named)
    if all(item.ref("user") != admin.id for item in granted):
        permission = {"role": {"@id": defaults.SUPER_USER_ID}, "user": {"@id": admin.id}}
        world.add("permissions", world.new_id("permission", "admin"), permission)


def sign_in(engine: SimulatedEngine, username: str, password: str) -> str:
    """The Authorization header of a new session."""
    form = {"grant_type": "password", "scope": "ovirt-app-api", "username": username, "password": password}
    headers = {"accept": "application/json"}
    path = "/ovirt-engine/sso/oauth/token"
    answer = engine.handle(LabRequest("POST", path, "", headers, urlencode(form).encode()))
    token = msgspec.json.decode(answer.body)["access_token"]
    engine.sign_on.tokens[token].has_session = True
    return f"Bearer {token}"


class Lab:
    """A simulated engine, with or without a server around it."""

    def __init__(self, engine: SimulatedEngine, *, username: str, password: str) -> None:
        self.engine = engine
        self.username = username
        self.password = password
        self.url = "https://engine.lab.example/ovirt-engine/api"
        self.ca_file = ""
        # The relay in front of the server, if there is one: `lab.relay.switch("refuse")`.
        self.relay: Any = None
        self._server: Any = None
        self._directory: Path | None = None

    @property
    def world(self) -> World:
        """The state of the engine."""
        return self.engine.world

    @property
    def clock(self) -> SimClock:
        """The simulated clock."""
        return self.engine.world.clock

    def advance(self, seconds: float) -> None:
        """Advance the simulated clock and run every act that is due by then, in order."""
        with self.engine.lock:
            self.clock.add(seconds)
            self.world.agenda.run_due()

    def handle(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> LabResponse:
        """Handle one request without a socket."""
        return self.engine.handle(LabRequest(method, path, query, headers, body))

    def client_clock(self) -> ScaledClock:
        """A clock for clients that runs at the lab's speed and starts at its present."""
        return ScaledClock(speed=self.clock.speed or 1.0, start=self.clock.now())

    def start(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        ca_directory: Path | None = None,
        relay: bool = False,
    ) -> Lab:
        """Serve it over HTTPS; returns once it listens. With a relay, connections can fail.

        Raises:
            LabError: it cannot listen there.
        """
        if not 0 <= port <= 65_535:
            raise LabError(detail=f"cannot listen on {host} port {port}: not between 0 and 65535")
        try:
            self._listen(host, port, ca_directory, relay)
        except BaseException:
            self.stop()
            raise
        self.engine.public_url = f"https://{self._server.name}:{self.port}"
        self.url = f"{self.engine.public_url}/ovirt-engine/api"
        return self

    def _listen(self, host: str, port: int, ca_directory: Path | None, relay: bool) -> None:
        from rhevmig.lab.http.relay import Relay
        from rhevmig.lab.http.server import Server
        from rhevmig.lab.http.tls import Authority

        self._directory = Path(tempfile.mkdtemp(prefix="rhevmig-lab-"))
        authority = Authority.load(ca_directory) if ca_directory else Authority.new()
        self.ca_file = str(authority.write_certificate(self._directory / "ca.pem"))
        if not self.world.engine_facts.get("certificate"):
            self.world.engine_facts["certificate"] = authority.certificate_text
        inner_port = 0 if relay else port
        self._server = Server(self.engine, authority, host=host, port=inner_port, directory=self._directory)
        self._server.start()
        if relay:
            self.relay = self._server.relay = Relay(self._server.port, host=host, port=port).start()

    def stop(self) -> None:
        """Stop serving and remove the files."""
        if self.relay is not None:
            self.relay.stop()
            self.relay = None
        if self._server is not None:
            self._server.stop()
            self._server = None
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    @property
    def port(self) -> int:
        """The port on which it listens; 0 if it is not served."""
        if self.relay is not None:
            return int(self.relay.port)
        return int(self._server.port) if self._server is not None else 0

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def open_lab(
    source: Scenario | World | Path | str,
    *,
    speed: float = 0.0,
    monotonic: Callable[[], float] | None = None,
) -> Lab:
    """A lab without a server, from a scenario, its file, a crawl or a world.

    At speed 0 only `advance` moves the simulated time."""
    username, password = "admin@internal", "secret"
    if isinstance(source, World):
        world = source
    elif isinstance(source, Scenario):
        world = build_world(source, speed=speed, monotonic=monotonic)
    else:
        world = _world_of_file(Path(source), speed=speed, monotonic=monotonic)
    user = next((user for user in world.all("users") if user.lab.get("password")), None)
    if user is not None:
        username = user.text("user_name").removesuffix("-authz")
        password = str(user.lab["password"])
    return Lab(SimulatedEngine(world), username=username, password=password)


def _world_of_file(path: Path, *, speed: float, monotonic: Callable[[], float] | None) -> World:
    if path.suffix in (".gz", ".xz") or _is_crawl(path):
        return world_from_crawl(path, speed=speed, monotonic=monotonic)
    scenario = load_scenario(path)
    try:
        return build_world(scenario, file=str(path), speed=speed, monotonic=monotonic)
    except ScenarioInvalid as error:
        raise located(error, path) from error


def _is_crawl(path: Path) -> bool:
    try:
        with path.open(errors="replace") as file:
            return any(line.startswith("interactions:") for _, line in zip(range(40), file, strict=False))
    except OSError:
        return False


def serve(
    source: Scenario | World | Path | str,
    *,
    speed: float = 1.0,
    port: int = 0,
    host: str = "127.0.0.1",
    ca_directory: Path | None = None,
    relay: bool | None = None,
    engine_costs: bool = False,
) -> Lab:
    """A lab over HTTPS: `with serve("demo.yaml", speed=100) as lab: lab.url, lab.ca_file, lab.username …`.

    With engine costs, answers take as long as those of a real engine. The relay, which makes connections
    fail, is there if the scenario has faults, or as `relay` says.
    """
    lab = open_lab(source, speed=speed)
    relay = bool(lab.world.faults) if relay is None else relay
    if engine_costs:
        lab.engine.after.append(_costly(lab.engine))
    return lab.start(host=host, port=port, ca_directory=ca_directory, relay=relay)


def _costly(engine: SimulatedEngine) -> Callable[[LabRequest, LabResponse], LabResponse]:
    """Answers of this engine take as long as those of the engine whose costs were measured."""

    def delay(request: LabRequest, response: LabResponse) -> LabResponse:
        speed = engine.world.clock.speed
        if speed > 0:
            response.delay_s += cost_s(request, response) / speed
        return response

    return delay
