"""The processes: loop, signals, heartbeats, children, power."""
