"""What an operator sees: JSON logs without content, metrics, readiness."""
