"""Reading with the SDK alone: lists, searches, links, events from an index. Usage: URL CA USER."""

import os
import sys

import ovirtsdk4 as sdk

url, ca_file, username = sys.argv[1:4]
connection = sdk.Connection(url=url, username=username, password=os.environ["LAB_PASSWORD"], ca_file=ca_file)
system = connection.system_service()

print("connected", connection.test(raise_exception=True))
print("version", system.get().product_info.version.full_version)

print("clusters", *sorted(cluster.name for cluster in system.clusters_service().list()))
vms = system.vms_service()
print("running", *sorted(vm.name for vm in vms.list(search="cluster=rome and status=up")))
print("pattern", *sorted(vm.name for vm in vms.list(search="name=web*")))
print("either", *sorted(vm.name for vm in vms.list(search="name=web01 or name=web02", case_sensitive=False)))
print("sorted", *(vm.name for vm in vms.list(search="name=web* sortby name desc", max=2)))
print("second page", *(vm.name for vm in vms.list(search="name=web* page 2", max=2)))
print("nonsense", len(vms.list(search="colour=blue")))

web01 = vms.list(search="name=web01")[0]
service = vms.vm_service(web01.id)
print("link", connection.follow_link(web01.cluster).name, connection.follow_link(web01.host).name)
print("nics", *(connection.follow_link(nic.vnic_profile).name for nic in service.nics_service().list()))
for attachment in service.disk_attachments_service().list():
    disk = connection.follow_link(attachment.disk)
    print("disk", disk.name, disk.provisioned_size // 2**30, attachment.bootable)
names = {statistic.name for statistic in service.statistics_service().list()}
print("statistics", *sorted(names & {"memory.installed", "memory.used", "migration.progress"}))
followed = vms.list(search="name=web01", follow="nics.vnic_profile,tags,affinity_labels")[0]
print("followed", followed.nics[0].vnic_profile.name, followed.tags[0].name, followed.affinity_labels[0].name)
print("next run", service.get(next_run=True).name)

for host in system.hosts_service().list(
    search="name=rome1", all_content=True, follow="nics,networkattachments"
):
    print("host", host.name, host.status.value, len(host.nics), len(host.network_attachments))
    sessions = system.hosts_service().host_service(host.id).statistics_service().list()
    print("free memory", any(item.name == "memory.free" and item.values for item in sessions))

events = system.events_service().list(max=3)
print(
    "newest first", [int(event.id) for event in events] == sorted((int(e.id) for e in events), reverse=True)
)
last = int(events[0].id)
print("newer", len(system.events_service().list(from_=last)))
print("since the beginning", all(int(event.id) > 1 for event in system.events_service().list(from_=1)))
print(
    "by severity", {event.severity.value for event in system.events_service().list(search="severity=normal")}
)
print("templates", *(template.name for template in system.templates_service().list()))
print("domains", *(domain.name for domain in system.storage_domains_service().list(search="datacenter=main")))
print("option", system.options_service().option_service("DefaultMTU").get().values[0].value)
for missing in ("00000000-0000-0000-0000-00000000ffff", "no-such-id"):
    try:
        vms.vm_service(missing).get()
    except sdk.NotFoundError as error:
        print("missing", error.code)
print("batch", *sorted(pending.wait().name for pending in [vms.vm_service(web01.id).get(wait=False)]))
connection.close()

try:
    sdk.Connection(url=url, username=username, password="wrong", ca_file=ca_file).authenticate()
except sdk.AuthError:
    print("refused")
