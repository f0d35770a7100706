"""Work that outlives its connection or its process: job rows, queue, runner, recovery, and limits for waiting callers.

A stored request comes in; its state, its progress and in the end the answer of the plain call go out. The services
come in as functions. May import generation, claude's interface and everything below.
"""
