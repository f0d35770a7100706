"""What people ask for: the audit trail, usage, evidence, readiness, metrics, lists of interviews, checks of texts.

A query or texts come in, a view of stored rows or of findings goes out. May import jobs, the services and everything
below.
"""
