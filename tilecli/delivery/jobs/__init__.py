"""What the jobs of a CI do: commit results, decide, merge, release; and whether they could."""
