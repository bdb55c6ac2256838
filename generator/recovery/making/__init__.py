"""Make hidden networks: draw networks that their outputs determine, or train networks, and hide them."""
