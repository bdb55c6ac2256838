"""Walk along the kink surface of a unit through the regions of the known layers."""
