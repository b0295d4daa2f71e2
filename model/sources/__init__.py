"""Where a model's file can come from. None of them is trusted: the file's hash is."""
