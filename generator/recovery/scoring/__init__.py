"""Compare a recovered network with the hidden one, up to the changes that leave the function unchanged."""
