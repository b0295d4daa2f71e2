"""The local language model: weights, decoder, generation. Imports no other package of ours."""
