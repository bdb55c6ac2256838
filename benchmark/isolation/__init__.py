"""One trial in a child process: namespaces, limits, fork server, wire, the parent's clock."""
