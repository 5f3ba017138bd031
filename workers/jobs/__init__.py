"""Job kinds: each loads rows, calls plain functions of the stage rooms, saves rows in one transaction."""
