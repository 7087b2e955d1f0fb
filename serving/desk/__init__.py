"""The desk: what pages, interface and command line read of a pipeline at one moment."""
