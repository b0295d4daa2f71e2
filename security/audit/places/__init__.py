"""Where checkpoints go so that the application itself cannot take them back."""
