"""The scorer, the HTTP interface, and the insights that people work from."""
