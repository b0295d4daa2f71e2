"""What evaluations measure: the product over a data set's own corpus, or a running server."""
