"""Measures of networks that add modulo p: the published ones, and the amplitude of each frequency over a - b.

`summary.measure(network)` computes all. The label it gives is a functional measurement, made for each frequency: does
the amplitude of cos(2 pi k (a + b - c) / p) in the logits follow |cos(pi k (a - b) / p)| (pizza) or is it constant
(clock), once other circles no longer hide it? Zhong et al. (arXiv 2306.17844) see two algorithms; McCracken et al.
(arXiv 2505.18266) see approximate cosets in both, and Moisescu-Pareja et al. (arXiv 2512.25060) find networks of both
kinds equivalent as shapes.
"""
