"""Suites: named lists of puzzles with limits, made once, compared by their digests.

schema.py      what a suite's file, its lock and a run's record hold
record.py      a suite in memory
reading.py     from TOML to the record; every mistake is one line
finding.py     names, files and folders of suites
places.py      the cache of puzzles that were made here
building.py    make what is missing
locking.py     which digests the maker of a suite got
verifying.py   is what lies here what was locked
packing.py     one archive of a whole suite
unpacking.py   and back, trusting nothing
loading.py     what a run is to solve
builtin/       the suites that come with the program
"""
