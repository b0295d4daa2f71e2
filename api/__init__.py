"""Every way in: HTTP, command line, settings, wiring, migrations. Knows all other packages."""
