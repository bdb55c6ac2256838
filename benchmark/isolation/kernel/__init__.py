"""What the kernel offers: namespaces, limits, process trees, system calls."""
