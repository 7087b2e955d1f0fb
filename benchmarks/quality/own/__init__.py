"""Contenders that run in the product's environment."""
