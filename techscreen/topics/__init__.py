"""What makes two topics the same, and which technologies a text names.

Texts come in; canonical technologies, facets and similarities go out. May import text and the ground.
"""
