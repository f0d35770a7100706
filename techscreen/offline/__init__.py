"""Without Claude: library questions are chosen for a requisition, and its description is put in order.

A requisition and the library come in; topics that library questions answer, and the description, go out. Nothing is
invented. May import the question cache and what lies below it.
"""
