"""The durable way of a document: parse, chunk, embed, publish; resumed wherever it broke off."""
