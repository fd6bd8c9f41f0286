"""Exchanges with an engine as data: the one reader and the one writer of cassettes."""
