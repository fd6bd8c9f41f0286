"""What an engine consists of, one module per kind of object.

Every field without a default is one that an object cannot be without. `None` elsewhere means *not observed*,
never zero or false. A comment over a field adds a unit, the engine's words or a meaning that its name lacks.
"""
