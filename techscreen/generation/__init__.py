"""An interview and an enhancement while they are made: questions, progress, audit row and tokens.

A plan of topics comes in; ready questions, a stored interview and the tokens spent go out. What the cache lacks is
written by Claude, and each question is kept the moment it arrives. May import question_cache, claude's interface and
everything below.
"""
