"""Suites: named lists of puzzles with limits. Results on two puzzles are comparable if the puzzles' digests agree.

schema.py         pydantic models of a suite's TOML file and lock
record.py         a suite in memory
reading.py        read a TOML file; an error is one line that names file, puzzle and key
finding.py        find a suite by name, file or folder
cache.py          the cache of puzzles that were built on this machine
family_source.py  digest of a family's generator source, part of the cache's key
building.py       build the missing puzzles
locking.py        write and read locks: the digests of the suite maker's puzzles
verifying.py      check the puzzles here against the lock
loading.py        load the puzzles of a run
archive/          write and read a suite as one folder or one archive
builtin/          the suites that netjigsaw contains
"""
