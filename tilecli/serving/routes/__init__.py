"""What can be asked, and the forms of the answers."""
