"""What is measured of Dealcast, and how; imported by nothing."""
