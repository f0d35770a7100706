"""How rows are read and written safely: connections, transactions, heartbeats, writes that wait for the database, the outbox.

Work to do with a session comes in; its result goes out, or `DatabaseUnavailable`. May import the ground.
"""
