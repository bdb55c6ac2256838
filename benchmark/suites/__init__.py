"""Suites: named lists of puzzles with limits. Results on a suite are comparable where the puzzles' digests agree.

schema.py         pydantic models of a suite's TOML file, its lock, and what a session records of it
record.py         a suite in memory
reading.py        read a TOML file; a mistake is one line that names file, puzzle and key
finding.py        find a suite by name, file or folder
cache.py          the cache of puzzles that were built here
family_source.py  digest of the source that generates a family, part of the cache's key
building.py       build the missing puzzles
locking.py        write and read locks: the digests that the suite's maker got
verifying.py      check the puzzles here against the lock
loading.py        load the puzzles that a run is to solve
archive/          a suite as one folder or one archive, and back
builtin/          the suites that come with the program
"""
