"""The engine's scheduler: filters, the choice of a host, affinity enforcement and load balancing."""
