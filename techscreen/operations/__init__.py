"""What people ask for: the audit trail, usage, evidence, readiness, metrics, lists of interviews, checks, webhooks.

A query or texts come in, a view of stored rows or of findings goes out; an event comes in and is delivered. May import
jobs, the services and everything below.
"""
