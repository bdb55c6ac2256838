"""Submissions: a bundle holds a solver's results on a whole suite in one file, and every receiver scores it again.

bundle/        the bundle's file: schema, archive, privacy, writing (bundling.py), reading (contents.py)
findings.py    one discrepancy: trial, field, claimed value, recomputed value
suiting.py     compare the bundle's suite and cells with the suite here
scoring.py     score every row again from its raw answer
times.py       find times that are impossible
sourcing.py    pack the solver's source, and compare its digest with the rows
verifying.py   all checks in order
rerunning.py   run some trials again with the submitted source
merging.py     merge verified bundles and a store into one table
"""
