"""Changes of people: edits, alternatives, states, history, difference, exports.

Orders and plain values come in; views of what was changed go out. It may import `generation` and what is below it.
"""
