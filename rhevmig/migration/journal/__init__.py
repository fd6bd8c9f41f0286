"""The journal: records written before each act, their store in SQL, the lease of its writer, its state."""
