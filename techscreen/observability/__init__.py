"""What an operator sees: metrics, log lines, the id of a request, and errors in the form that callers get.

Events and errors come in; metrics, log lines and error bodies go out. May import schemas and the ground.
"""
