"""Pictures of the family `modular`."""
