"""Read what other people have saved: find pieces and table in a folder, recognise contents, read pieces and columns."""
