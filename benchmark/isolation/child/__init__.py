"""What runs in the child process: the worker, and the relay of a program."""
