"""The parts of fetching: addresses, resumable transfer, room on disk, unpacking."""
