"""The journal: records, their store in SQL, the lease of its writer, the state that follows."""
