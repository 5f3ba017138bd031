"""secaid's processes as services of the system: launchd's agents on a Mac, systemd's user units on Linux."""
