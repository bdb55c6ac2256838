"""Read the files of other programs: find pieces and table in a folder, recognise contents, read pieces and columns."""
