"""From the SDK's objects to the inventory's: one pure function per entity, one module per kind."""
