"""Walk on the kink surface of a unit through the linear pieces of the known layers."""
