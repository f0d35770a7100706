"""Changes of people: edits, alternatives, states, history, difference, exports.

States of an interview or a job description and what people ask to change come in; new states, views of what changed
and files to take away go out. May import generation, question_cache, quality and everything below.
"""
