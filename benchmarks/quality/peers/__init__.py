"""Contenders that run in an environment of their own, which `make bench-peers` builds."""
