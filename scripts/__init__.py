"""Scripts that people start from the project's folder: the demonstration."""
