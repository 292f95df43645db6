"""Is the record complete and unaltered: everything that was published, against what the journal leads to."""
