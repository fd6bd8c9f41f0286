"""Making and removing with the SDK alone: VM, disk, NIC, tag, label, snapshot, event. Usage: URL CA USER."""

import os
import sys
import time

import ovirtsdk4 as sdk
from ovirtsdk4 import types

url, ca_file, username = sys.argv[1:4]
connection = sdk.Connection(url=url, username=username, password=os.environ["LAB_PASSWORD"], ca_file=ca_file)
system = connection.system_service()
vms = system.vms_service()


def until(what, holds):
    """Look once in a while until something holds."""
    for _ in range(400):
        if holds():
            return
        time.sleep(0.05)
    raise TimeoutError(what)


vm = vms.add(
    types.Vm(
        name="own01",
        description="made by the SDK",
        memory=2**30,
        memory_policy=types.MemoryPolicy(guaranteed=2**29),
        cpu=types.Cpu(topology=types.CpuTopology(cores=2, sockets=1)),
        cluster=types.Cluster(name="rome"),
        template=types.Template(name="Blank"),
    )
)
service = vms.vm_service(vm.id)
until("the VM", lambda: service.get().status == types.VmStatus.DOWN)
print("made", vm.name, service.get().memory_policy.guaranteed // 2**20)

profile = next(item for item in system.vnic_profiles_service().list() if item.name == "guests")
nic = service.nics_service().add(
    types.Nic(name="nic1", interface=types.NicInterface.VIRTIO, vnic_profile=types.VnicProfile(id=profile.id))
)
print("nic", nic.name, bool(nic.mac.address))
service.nics_service().nic_service(nic.id).update(types.Nic(linked=False))
print("unlinked", service.nics_service().nic_service(nic.id).get().linked)

attachment = service.disk_attachments_service().add(
    types.DiskAttachment(
        disk=types.Disk(
            name="own01_data",
            format=types.DiskFormat.COW,
            provisioned_size=5 * 2**30,
            storage_domains=[types.StorageDomain(name="main-nfs")],
        ),
        interface=types.DiskInterface.VIRTIO_SCSI,
        bootable=False,
        active=True,
    )
)
disk = system.disks_service().disk_service(attachment.disk.id)
until("the disk", lambda: disk.get().status == types.DiskStatus.OK)
print("disk", disk.get().name, len(service.disk_attachments_service().list()))
service.disk_attachments_service().attachment_service(attachment.id).update(
    types.DiskAttachment(disk=types.Disk(provisioned_size=6 * 2**30))
)
until("the larger disk", lambda: disk.get().provisioned_size == 6 * 2**30)
print("larger", disk.get().provisioned_size // 2**30)

tag = system.tags_service().add(types.Tag(name="own", description="made by the SDK"))
service.tags_service().add(types.Tag(name="own"))
print("tagged", *(item.name for item in vms.list(search="tag=own")))
label = system.affinity_labels_service().add(types.AffinityLabel(name="own"))
service.affinity_labels_service().add(types.AffinityLabel(id=label.id))
print("labelled", *(item.name for item in service.affinity_labels_service().list()))

service.start()
until("the start", lambda: service.get().status == types.VmStatus.UP)
print("started", service.get().host is not None)
snapshot = service.snapshots_service().add(types.Snapshot(description="before", persist_memorystate=False))
one = service.snapshots_service().snapshot_service(snapshot.id)
until("the snapshot", lambda: one.get().snapshot_status == types.SnapshotStatus.OK)
print("snapshot", one.get().description)
one.remove()
until("no snapshot", lambda: len(service.snapshots_service().list()) == 1)
service.update(types.Vm(comment="edited", memory=2 * 2**30, memory_policy=types.MemoryPolicy(max=8 * 2**30)))
print("edited", service.get().comment)
service.stop()
until("the stop", lambda: service.get().status == types.VmStatus.DOWN)
print("stopped")

custom = int(time.time())
event = system.events_service().add(
    types.Event(
        description="a word from outside",
        severity=types.LogSeverity.WARNING,
        origin="mine",
        custom_id=custom,
        vm=types.Vm(id=vm.id),
    )
)
print("event", event.origin, event.severity.value)
try:
    vms.add(types.Vm(name="own01", cluster=types.Cluster(name="rome"), template=types.Template(name="Blank")))
except sdk.Error as error:
    print("twice", error.code, "already in use" in error.fault.detail)
try:
    vms.add(types.Vm(name="own02"))
except sdk.Error as error:
    print("incomplete", error.code, error.fault.reason)

service.tags_service().tag_service(tag.id).remove()
system.tags_service().tag_service(tag.id).remove()
service.affinity_labels_service().label_service(label.id).remove()
system.affinity_labels_service().label_service(label.id).remove()
service.remove()
until("the removal", lambda: not vms.list(search="name=own01"))
print("gone", len(system.disks_service().list(search="name=own01_data")))
connection.close()
