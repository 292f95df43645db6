"""The read side: each case's newest snapshot in Redis, found by any of its numbers. A hint, never the truth."""
