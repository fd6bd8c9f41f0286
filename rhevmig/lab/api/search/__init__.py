"""The engine's search language."""
