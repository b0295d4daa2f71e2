"""Text to vectors: the embedder port and its adapters; `factory` chooses one."""
