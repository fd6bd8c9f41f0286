"""Hosts: maintenance, upgrades, failures, and the restart of the engine."""
