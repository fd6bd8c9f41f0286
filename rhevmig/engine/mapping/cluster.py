"""Clusters and their networks."""

from __future__ import annotations

from rhevmig.engine.mapping.conversions import pairs_of, version_of, words_of
from rhevmig.engine.mapping.fields import FieldTable, reference, same, struct, text, value, word, words
from rhevmig.inventory import Cluster, ClusterNetwork, FencingPolicy, MigrationOptions

MIGRATION_OPTIONS = FieldTable(
    MigrationOptions,
    "migration options",
    words("auto_converge", "compressed", "encrypted"),
    policy_id=reference("policy"),
    bandwidth_method=word("bandwidth.assignment_method"),
    bandwidth_custom_mbps=value("bandwidth.custom_value"),
    parallel_policy=word("parallel_migrations_policy"),
    parallel_connections=value("custom_parallel_migrations"),
)
FENCING_POLICY = FieldTable(
    FencingPolicy,
    "fencing policy",
    same("enabled"),
    skip_if_sd_active=value("skip_if_sd_active.enabled"),
    skip_if_connectivity_broken=value("skip_if_connectivity_broken.enabled"),
    connectivity_broken_threshold_percent=value("skip_if_connectivity_broken.threshold"),
)
CLUSTER = FieldTable(
    Cluster,
    "cluster",
    same("id", "name", "description", "comment"),
    same("ballooning_enabled", "threads_as_cores", "ha_reservation", "tunnel_migration", "vnc_encryption"),
    same("virt_service", "gluster_service", "trusted_service"),
    same("upgrade_in_progress", "upgrade_correlation_id"),
    words("bios_type", "switch_type", "firewall_type", "fips_mode"),
    data_center_id=reference("data_center"),
    version=value("version", version_of),
    cpu_type=text("cpu.type"),
    architecture=word("cpu.architecture"),
    migration=struct("migration", MIGRATION_OPTIONS),
    resilience_policy=word("error_handling.on_error"),
    scheduling_policy_id=reference("scheduling_policy"),
    scheduling_properties=value("custom_scheduling_policy_properties", pairs_of),
    memory_overcommit_percent=value("memory_policy.over_commit.percent"),
    ksm_enabled=value("ksm.enabled"),
    ksm_merge_across_nodes=value("ksm.merge_across_nodes"),
    transparent_hugepages=value("memory_policy.transparent_huge_pages.enabled"),
    fencing=struct("fencing_policy", FENCING_POLICY),
    required_rng_sources=value("required_rng_sources", words_of),
    upgrade_percent=value("upgrade_percent_complete"),
)
#: A network inside a cluster, which gives `cluster_id` (`clusters?follow=networks`).
CLUSTER_NETWORK = FieldTable(
    ClusterNetwork,
    "network",
    same("required"),
    words("status"),
    network_id=value("id"),
    usages=value("usages", words_of),
)
