"""Migrations as the engine runs them, and the memory transfer between hosts."""
