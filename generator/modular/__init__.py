"""The family `modular`: find the algorithm by which a network adds modulo p."""
