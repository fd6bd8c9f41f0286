"""A world from recorded answers of a real engine."""
