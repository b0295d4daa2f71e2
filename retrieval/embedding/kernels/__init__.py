"""A BERT encoder in C++ for processors with AVX512-BF16, on the tiles of AMX where there are any.

The same pass in torch is its reference.
"""
