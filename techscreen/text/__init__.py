"""Words: how a text is read as people see it, cut into sentences, clauses and words, stemmed and compared.

May import the ground alone.
"""
