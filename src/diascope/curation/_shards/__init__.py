"""How a preparation is cut into shards: its work folder, the ways to run shards, their merge."""
