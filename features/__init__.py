"""One timeline, asked the same questions in training, in the weekly batch and in one request."""
