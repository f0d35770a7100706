"""What a text should not be: unlawful, biased, an instruction to a model, or a badly asked question.

Texts come in, findings and violations go out; no check asks Claude or the database. What is a matter of language is
judged by small classifiers, learnt from the labelled sentences in `examples/`; what can be counted or looked up is not.
docs/checks.md explains them. May import topics, text and the ground.
"""
