"""What each page shows, as JSON values read from the project. Knows nothing of HTTP."""
