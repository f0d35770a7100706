"""What administrators ask for: the audit trail, usage, evidence, readiness, metrics and lists of interviews.

A query comes in, a view of stored rows goes out. May import jobs, the services and everything below.
"""
