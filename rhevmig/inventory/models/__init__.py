"""What an engine consists of, one module per kind of object."""
