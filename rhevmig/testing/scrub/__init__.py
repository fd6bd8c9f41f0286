"""Secrets and names removed from cassettes."""
