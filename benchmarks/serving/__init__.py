"""How fast the service answers, beside what else could serve the same booster."""
