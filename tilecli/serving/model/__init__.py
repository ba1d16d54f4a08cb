"""The model that answers: loaded, replaced while requests go on, and the bounded work on photos."""
