"""A team's own questions, kept word for word: written, changed, retired, imported and exported.

Bodies, orders and files come in; views, findings and files go out. The rows are those of the question cache, which
looks them up and lends them. May import `generation` (its audit log alone), `question_cache` and what is below.
"""
