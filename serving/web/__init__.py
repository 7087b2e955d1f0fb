"""The pages: rendered on the server, in Chinese and English; scripts only make them quicker."""
