"""Questions that were paid for once and are lent to other requisitions with the same topic, and a team's own questions.

A topic comes in; a question reserved for the requisition goes out, or none. New questions are stored as they come. May
import claude's interface, observability, schemas and everything below.
"""
