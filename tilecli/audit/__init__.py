"""What in a dataset hurts: findings, each with the photo, the reason, and the command that mends or ignores it."""
