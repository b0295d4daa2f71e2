"""Many answers at once from one decoder: paged cache, prefix reuse, batching, fair turns."""
