"""A bundle as what it is deployed with: the folder for Docker, Compose or Heroku, and the way there."""
