"""From the SDK's objects to the inventory's: one pure function an entity, one module a kind."""
