"""Pictures of the family `recovery`."""
