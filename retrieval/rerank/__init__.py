"""Reading the best candidates again: the reranker port and its adapters; `factory` chooses one."""
