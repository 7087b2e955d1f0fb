"""Forecasts of bookings against what came, and against what people forecast by today."""
