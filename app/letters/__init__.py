"""Dead letters: what they say, what helps, and whether and how each may be sent again."""
