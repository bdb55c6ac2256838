"""Make hidden networks: drawn by rules that make them identifiable, or trained."""
