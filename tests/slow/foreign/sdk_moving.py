"""Moving with the SDK alone: migrate, cancel, maintenance, affinity, targets. Usage: URL CA USER."""

import os
import sys
import time

import ovirtsdk4 as sdk
from ovirtsdk4 import types

url, ca_file, username = sys.argv[1:4]
connection = sdk.Connection(url=url, username=username, password=os.environ["LAB_PASSWORD"], ca_file=ca_file)
system = connection.system_service()
vms, hosts = system.vms_service(), system.hosts_service()


def vm_named(name):
    """The service of a VM."""
    return vms.vm_service(vms.list(search=f"name={name}")[0].id)


def host_named(name):
    """A host."""
    return hosts.list(search=f"name={name}")[0]


def until(what, holds):
    """Look once in a while until something holds."""
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    raise TimeoutError(what)


def where(service):
    """Name of the host that a VM runs on."""
    return connection.follow_link(service.get().host).name


web01 = vm_named("web01")
start = where(web01)
targets = hosts.list(migration_target_of=web01.get().id)
others = sorted({host.name for host in targets} - {start})
print("targets", *others)
goal = others[-1]
last = int(system.events_service().list(max=1)[0].id)
web01.migrate(host=types.Host(name=goal), query={"correlation_id": "sdk-move-1"})
until("the migration", lambda: web01.get().status == types.VmStatus.UP)
print("arrived", where(web01) == goal)
newer = system.events_service().list(from_=last, search="correlation_id=sdk-move-1")
print("events", *sorted({event.code for event in newer}))
job = system.jobs_service().list(search="correlation_id=sdk-move-1")[0]
print("job", job.status.value, job.description.startswith("Migrating VM web01"))
steps = system.jobs_service().job_service(job.id).steps_service().list()
print("steps", {step.status.value for step in steps})

big01 = vm_named("big01")
start = where(big01)
big01.migrate()
print("on its way", big01.get().status.value)
big01.cancel_migration()
until("the cancelled migration", lambda: big01.get().status == types.VmStatus.UP)
print("cancelled", where(big01) == start)

for name, asked in (("down01", {}), ("web03", {"host": types.Host(id=web01.get().id)})):
    try:
        vm_named(name).migrate(**asked)
    except sdk.Error as error:
        print("refused", name, error.code)

cluster = system.clusters_service().list(search="name=rome")[0]
groups = system.clusters_service().cluster_service(cluster.id).affinity_groups_service()
group = groups.add(
    types.AffinityGroup(
        name="apart",
        vms_rule=types.AffinityRule(enabled=True, positive=False, enforcing=True),
        hosts_rule=types.AffinityRule(enabled=False),
    )
)
members = groups.group_service(group.id).vms_service()
for name in ("web04", "web05"):
    members.add(types.Vm(id=vm_named(name).get().id))
print("group", *sorted(connection.follow_link(vm).name for vm in members.list()))
first, second = vm_named("web04"), vm_named("web05")
try:
    first.migrate(host=types.Host(name=where(second)))
    print("not refused")
except sdk.Error as error:
    print("refused by affinity", error.code, "VmAffinityGroups" in error.fault.detail)
groups.group_service(group.id).remove()

empty = host_named("rome2")
service = hosts.host_service(empty.id)
service.deactivate(reason="new memory")
until("maintenance", lambda: service.get().status == types.HostStatus.MAINTENANCE)
print("in maintenance", service.get().summary.total, len(vms.list(search="host=rome2")))
try:
    service.deactivate()
except sdk.Error as error:
    print("already", error.code)
service.activate()
until("the host", lambda: service.get().status == types.HostStatus.UP)
print("back", service.get().status.value)

clusters = system.clusters_service().cluster_service(cluster.id)
clusters.update(
    types.Cluster(
        migration=types.MigrationOptions(
            bandwidth=types.MigrationBandwidth(
                assignment_method=types.MigrationBandwidthAssignmentMethod.CUSTOM, custom_value=1000
            ),
            auto_converge=types.InheritableBoolean.TRUE,
        )
    )
)
print("bandwidth", clusters.get().migration.bandwidth.custom_value)
connection.close()
