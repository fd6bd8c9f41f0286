"""Failures on purpose, as data."""
