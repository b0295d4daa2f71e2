"""Sources that collections are kept in step with, each kind behind the port in `port.py`."""
