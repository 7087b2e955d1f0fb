"""How features scale: the three engines, the pandas way and Feast; see README.md."""
