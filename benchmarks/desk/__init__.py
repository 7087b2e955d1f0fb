"""What the week's list is worth, measured where the true effect of work is known."""
