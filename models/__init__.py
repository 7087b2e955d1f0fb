"""Hazards, the curves they make, what is read off the curves, and the bundle that holds them."""
