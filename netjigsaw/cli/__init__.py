"""The command line: one module per command, thin; the work is done in the packages below."""
