"""The HTTP interface: requests in, one room below called, answers or problems out."""
