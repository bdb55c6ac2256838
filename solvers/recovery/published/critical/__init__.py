"""Extraction of ReLU networks from their critical points, the inputs at which one hidden unit switches.

Sources: Carlini, Jagielski and Mironov 2020 (arXiv 2003.04884); for signs also Canales-Martinez et al. 2023 (EUROCRYPT
2024).
"""
