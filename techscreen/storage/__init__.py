"""How rows are read and written safely: connections, transactions, the outbox, heartbeats, writes that wait.

Work to do with a session comes in; its result goes out, or `DatabaseUnavailable`. May import the ground.
"""
