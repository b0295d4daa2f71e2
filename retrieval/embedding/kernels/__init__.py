"""A BERT encoder in C++ for processors with AMX; the same pass in torch is its reference."""
