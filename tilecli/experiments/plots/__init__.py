"""Drawing experiments: what is drawn of which runs, as one offline page or as a picture."""
