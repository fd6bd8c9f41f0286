"""Exchanges with an engine as data, and the cassette files that hold them."""
