"""Code of the child process: the worker, the oracle's client and the relay for programs."""
