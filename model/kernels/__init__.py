"""Kernels in C++ for what torch has no fast one for, compiled on this machine where it can.

They are optional: each has a torch path beside it that computes the same, only slower.
"""
