"""What creating, changing and removing each kind of object does."""
