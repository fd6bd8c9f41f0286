"""Data centers and clusters."""

from __future__ import annotations

from typing import Any

from rhevmig.engine.mapping.values import ids, needed, pairs, ref, version, word, words
from rhevmig.inventory import (
    Cluster,
    ClusterLevel,
    ClusterMigration,
    ClusterNetwork,
    CpuType,
    DataCenter,
    FencingPolicy,
    IscsiBond,
    SchedulingPolicy,
)


def data_center_of(item: Any, seen: frozenset[str]) -> DataCenter:
    """A data center.

    Args: seen (parts that were asked for and allowed).
    """
    return DataCenter(
        id=needed(item.id, kind="data center", id=item.id, field="id"),
        name=needed(item.name, kind="data center", id=item.id, field="name"),
        status=needed(word(item.status), kind="data center", id=item.id, field="status"),
        local=item.local,
        version=version(item.version),
        supported_versions=tuple(text for v in item.supported_versions or () if (text := version(v))),
        storage_format=word(item.storage_format),
        quota_mode=word(item.quota_mode),
        description=item.description,
        comment=item.comment,
        mac_pool_id=ref(item.mac_pool),
        iscsi_bonds=tuple(_iscsi_bond(bond) for bond in item.iscsi_bonds or ())
        if "iscsibonds" in seen
        else None,
    )


def _iscsi_bond(bond: Any) -> IscsiBond:
    return IscsiBond(
        id=needed(bond.id, kind="iSCSI bond", id=bond.id, field="id"),
        name=needed(bond.name, kind="iSCSI bond", id=bond.id, field="name"),
        network_ids=ids(bond.networks),
        storage_connection_ids=ids(bond.storage_connections),
    )


def cluster_of(item: Any) -> Cluster:
    """A cluster."""
    over_commit = item.memory_policy.over_commit if item.memory_policy else None
    hugepages = item.memory_policy.transparent_huge_pages if item.memory_policy else None
    return Cluster(
        id=needed(item.id, kind="cluster", id=item.id, field="id"),
        name=needed(item.name, kind="cluster", id=item.id, field="name"),
        data_center_id=ref(item.data_center),
        version=version(item.version),
        # the engine sends an empty element where no type is set
        cpu_type=(item.cpu.type or None) if item.cpu else None,
        architecture=word(item.cpu.architecture) if item.cpu else None,
        bios_type=word(item.bios_type),
        migration=migration_of(item.migration),
        resilience_policy=word(item.error_handling.on_error) if item.error_handling else None,
        scheduling_policy_id=ref(item.scheduling_policy),
        scheduling_properties=pairs(item.custom_scheduling_policy_properties),
        memory_overcommit_percent=over_commit.percent if over_commit else None,
        ballooning_enabled=item.ballooning_enabled,
        ksm_enabled=item.ksm.enabled if item.ksm else None,
        ksm_merge_across_nodes=item.ksm.merge_across_nodes if item.ksm else None,
        transparent_hugepages=hugepages.enabled if hugepages else None,
        threads_as_cores=item.threads_as_cores,
        ha_reservation=item.ha_reservation,
        fencing=_fencing(item.fencing_policy),
        switch_type=word(item.switch_type),
        firewall_type=word(item.firewall_type),
        fips_mode=word(item.fips_mode),
        vnc_encryption=item.vnc_encryption,
        tunnel_migration=item.tunnel_migration,
        virt_service=item.virt_service,
        gluster_service=item.gluster_service,
        trusted_service=item.trusted_service,
        required_rng_sources=words(item.required_rng_sources),
        log_max_memory_used_threshold=item.log_max_memory_used_threshold,
        log_max_memory_used_threshold_type=word(item.log_max_memory_used_threshold_type),
        upgrade_in_progress=item.upgrade_in_progress,
        upgrade_percent=item.upgrade_percent_complete,
        upgrade_correlation_id=item.upgrade_correlation_id,
        display_proxy=item.display.proxy if item.display else None,
        serial_number_policy=word(item.serial_number.policy) if item.serial_number else None,
        gluster_tuned_profile=item.gluster_tuned_profile,
        mac_pool_id=ref(item.mac_pool),
        description=item.description,
        comment=item.comment,
    )


def migration_of(options: Any) -> ClusterMigration | None:
    """Migration settings of a cluster or a VM."""
    if options is None:
        return None
    bandwidth = options.bandwidth
    return ClusterMigration(
        policy_id=ref(options.policy),
        bandwidth_method=word(bandwidth.assignment_method) if bandwidth else None,
        bandwidth_custom_mbps=bandwidth.custom_value if bandwidth else None,
        auto_converge=word(options.auto_converge),
        compressed=word(options.compressed),
        encrypted=word(options.encrypted),
        parallel_policy=word(options.parallel_migrations_policy),
        parallel_connections=options.custom_parallel_migrations,
    )


def _fencing(policy: Any) -> FencingPolicy | None:
    if policy is None:
        return None
    broken, active = policy.skip_if_connectivity_broken, policy.skip_if_sd_active
    return FencingPolicy(
        enabled=policy.enabled,
        skip_if_sd_active=active.enabled if active else None,
        skip_if_connectivity_broken=broken.enabled if broken else None,
        connectivity_broken_threshold_percent=broken.threshold if broken else None,
        skip_if_gluster_bricks_up=policy.skip_if_gluster_bricks_up,
        skip_if_gluster_quorum_not_met=policy.skip_if_gluster_quorum_not_met,
    )


def cluster_networks_of(item: Any) -> tuple[ClusterNetwork, ...]:
    """The networks of a cluster with their roles there (`clusters?follow=networks`)."""
    return tuple(
        ClusterNetwork(
            cluster_id=item.id,
            network_id=needed(network.id, kind="network", id=network.id, field="id"),
            status=word(network.status),
            required=network.required,
            usages=words(network.usages),
        )
        for network in item.networks or ()
    )


def cluster_level_of(item: Any) -> ClusterLevel:
    """A compatibility level; its CPU types come without flags, those are joined from the option."""
    return ClusterLevel(
        id=needed(item.id, kind="cluster level", id=item.id, field="id"),
        cpu_types=tuple(
            CpuType(
                name=needed(cpu.name, kind="CPU type", id=item.id, field="name"),
                level=cpu.level,
                architecture=word(cpu.architecture),
            )
            for cpu in item.cpu_types or ()
        ),
    )


def scheduling_policy_of(item: Any, seen: frozenset[str], units: dict[str, str]) -> SchedulingPolicy:
    """A scheduling policy.

    Args: units (names of the scheduler's units by id; a filter whose unit is not there keeps its id).
    """
    filters = [f.scheduling_policy_unit or f for f in item.filters or ()]
    return SchedulingPolicy(
        id=needed(item.id, kind="scheduling policy", id=item.id, field="id"),
        name=needed(item.name, kind="scheduling policy", id=item.id, field="name"),
        description=item.description,
        locked=item.locked,
        default_policy=item.default_policy,
        properties=pairs(item.properties),
        filters=tuple(units.get(f.id, f.id) for f in filters) if "filters" in seen else None,
    )
