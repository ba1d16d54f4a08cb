"""The workflows that `tiles ci init` lays down, and the secrets that they need."""
