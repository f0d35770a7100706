"""How good a result is: which WORK items it covers, what it claims without support, and what the checks have found.

A result and its requisition come in, a report to show beside it goes out. May import schemas, checks and everything
below.
"""
