"""Where rows and bytes live: engine, session, declarative base, blob store."""
