"""Functions of the Linux kernel: namespaces, limits, process trees, system calls."""
