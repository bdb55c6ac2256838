"""Compare a recovered network with the hidden one, up to the symmetries that leave the function unchanged."""
