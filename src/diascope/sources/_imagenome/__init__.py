"""Scene graphs of Chest ImaGenome: what one holds, and what is asked of it."""
