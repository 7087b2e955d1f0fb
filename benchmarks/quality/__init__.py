"""The race: Dealcast and its peers on identical matrices and clocks; see README.md."""
