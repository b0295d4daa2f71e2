"""Kernels in C++ for searches in memory; each has a path with FAISS or numpy beside it."""
