"""Reassembly puzzles: the shuffled layers of a trained residual network.

spec.py        what can be set, and the presets
tasks.py       what the networks learn
network.py     the network, as stacked tensors
gradient.py    loss and gradient of a batch
generate.py    train -> break -> shuffle -> seal
dealing.py     shuffled numbers, what is public and what is sealed
health.py      has it learnt, does every block matter, is the order identifiable
puzzle.py      the puzzle as a solver sees it
certificate.py does an assembly reproduce the predictions
janestreet.py  the published layout, in and out
roles.py       which loose piece is what, by its shape
table.py       the table of the published layout
"""
