"""What a text must not be: unlawful, biased, an instruction to a model, or a badly asked question.

Texts come in, findings and violations go out; no check asks Claude or the database. May import topics, text and the
ground.
"""
