"""How Claude is asked, whether the live client answers or the offline mode; the live transport is `claude_client.py`.

Requests come in through `interface`; checked answers with their cost go out, or one of our errors. `conversation`
repairs answers, `responses` and `failures` read them, `admission` spares an overloaded Claude.
May import quality, observability and everything below.
"""
