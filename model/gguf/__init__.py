"""GGUF files: unpacked into Hugging Face folders, and written from them.

Format: ggml's `docs/gguf.md`. The blocks of its formats are packed by the `gguf` package.
"""
