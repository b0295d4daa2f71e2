"""From an uploaded file to searchable chunks: parsers, chunking, the durable pipeline."""
