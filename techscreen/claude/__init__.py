"""How Claude is asked: the live transport is `claude_client.py`; without Claude the room `offline` answers instead.

Requests come in through `interface`; checked answers with their cost go out, or one of our errors. `conversation`
repairs answers, `responses` and `failures` read them, `admission` spares an overloaded Claude.
May import quality, observability and everything below.
"""
