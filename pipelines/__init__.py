"""The jobs and the command line. Entry points only translate; the work is in the rooms below."""
