"""A lab's world as a YAML file, and the world that is built from it."""
