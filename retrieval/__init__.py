"""From a question to the passages its asker may read: corpus, embedding, indexes, fusion."""
