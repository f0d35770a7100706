"""The contracts: what callers send and what they get, field for field, and nothing else.

Parsed JSON and stored rows come in, checked models go out. May import the types of `checks` and the ground.
"""
