"""What a fixed workflow must still do: run with enough rights, push where it pushed, pass the same arguments."""
