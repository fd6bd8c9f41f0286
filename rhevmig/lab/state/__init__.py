"""What the lab keeps: entities, events, jobs, the simulated clock."""
