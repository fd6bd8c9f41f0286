"""The engine's REST API: routes, reading, writing, search, XML and JSON."""
