"""Who may see and do what: users, their sessions, and which rows a caller's rights reach."""
