"""What runs in an environment of its own; see requirements.in."""
