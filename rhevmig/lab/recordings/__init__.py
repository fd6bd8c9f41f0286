"""A lab's world from recorded answers of a real engine."""
