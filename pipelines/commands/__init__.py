"""The commands by what they are about: options in, one job called, its answer printed.

Jobs are imported when they are called, so that `dealcast --help` answers at once.
"""
