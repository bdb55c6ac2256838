"""Submissions: a solver's results on a whole suite in one file, scored again by whoever receives it.

schema.py      what a bundle's manifest holds
archive.py     one file, the same bytes for the same content; opened trusting nothing
privacy.py     names of people, machines and folders do not leave
bundling.py    from a store to a bundle
contents.py    from a bundle to rows, sessions and raw answers
findings.py    what is wrong, and where exactly
suiting.py     is it of the suite that is here
scoring.py     every row again from its raw answer
times.py       what no clock could have shown
verifying.py   all of these in turn
rerunning.py   some trials again, with the submitted source
merging.py     verified bundles and a store as one table
"""
