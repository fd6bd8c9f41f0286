"""Fault injection: faults as data, their effects, and a control endpoint."""
