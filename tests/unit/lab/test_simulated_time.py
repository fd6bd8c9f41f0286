"""Everything happens on the lab's clock: in order, at its instant, and alike in every run."""

from __future__ import annotations

import pytest

from rhevmig.lab import open_lab, parse_scenario
from rhevmig.lab.state.clock import SimClock
from rhevmig.lab.state.store import World
from tests.unit.lab.worlds import SITE, Driven, driven


def _a_story(lab: Driven) -> bytes:
    """Requests at given simulated instants; the event log that they leave."""
    vm_id, host_id = lab.id_of("vms", "web02"), lab.id_of("hosts", "host01")
    lab.ask("POST", "tags", "<tag><name>night</name></tag>", **{"correlation-id": "one"})
    lab.lab.advance(12.5)
    lab.ask("POST", f"vms/{vm_id}/migrate", "<action/>", **{"correlation-id": "two"})
    lab.lab.advance(90)
    lab.ask("POST", f"hosts/{host_id}/deactivate", "<action/>", **{"correlation-id": "three"})
    lab.lab.advance(700)
    lab.ask("GET", "vms?search=host%3Dhost01")
    return lab.ask("GET", "events?max=1000").body


def test_the_same_requests_at_the_same_instants_leave_the_same_log():
    """Seed, scenario and requests give the event log byte for byte."""
    first, second = _a_story(driven()), _a_story(driven())
    assert first == second
    assert first.count(b"<event ") > 10


def test_another_seed_gives_another_world():
    """Ids and tokens come from the seed."""
    other = Driven(open_lab(parse_scenario(SITE.replace("seed: 11", "seed: 12"))))
    assert other.id_of("vms", "web02") != driven().id_of("vms", "web02")
    assert other.authorization != driven().authorization


def test_acts_come_due_in_order_of_instant_then_of_planning():
    """The agenda is a line of (instant, number); each act sees its own instant."""
    world = World(clock=SimClock(speed=0))
    start_s, seen = world.clock.now_s, []
    for name, after_s in (("b", 5.0), ("a", 1.0), ("c", 5.0)):
        world.agenda.after(after_s, lambda name=name: seen.append((name, world.clock.now_s - start_s)))
    world.clock.add(10.0)
    world.agenda.run_due()
    assert seen == [("a", 1.0), ("b", 5.0), ("c", 5.0)]


def test_an_act_may_plan_the_next_within_the_same_stretch_of_time():
    """Ten seconds passed at once hold five acts that plan each other."""
    world, seen = World(clock=SimClock(speed=0)), []

    def again() -> None:
        seen.append(round(world.clock.now_s - began_s, 3))
        world.agenda.after(2.0, again)

    began_s = world.clock.now_s
    world.agenda.after(2.0, again)
    world.clock.add(10.0)
    world.agenda.run_due()
    assert seen == [2.0, 4.0, 6.0, 8.0, 10.0]


def test_what_is_called_off_does_not_happen():
    """A planned act can be taken back."""
    world, seen = World(clock=SimClock(speed=0)), []
    world.agenda.after(1.0, lambda: seen.append("no")).call_off()
    world.clock.add(2.0)
    world.agenda.run_due()
    assert seen == []


@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_the_clock_runs_at_its_speed(speed):
    """A second of the wall is `speed` seconds in the lab."""
    wall = [100.0]
    clock = SimClock(speed=speed, monotonic=lambda: wall[0])
    before = clock.running_s
    wall[0] += 2.0
    assert clock.running_s - before == pytest.approx(2.0 * speed)
