"""What `tiles init` lays down."""
