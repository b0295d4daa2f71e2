"""Finding chunks by their words, without the index knowing the words."""
