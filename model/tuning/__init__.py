"""Tuning of small routed experts on top of a frozen dense model, on an ordinary processor.

Shape legend, beside the package's own (see model/config.py):
    P  tokens that are read without gradients    G  tokens with gradients    T  either
    N  examples of one step                      R  rank of a low-rank adapter
"""
