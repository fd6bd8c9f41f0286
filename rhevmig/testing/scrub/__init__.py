"""Secrets and site names removed from cassettes."""
