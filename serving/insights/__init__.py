"""What people work from: pure functions of scores, tables and settings."""
