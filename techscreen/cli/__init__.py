"""The shell's commands: `flask cache`, `flask logs`, `flask doctor`, `flask check`, `flask webhooks`.

Arguments come in; lines for an operator and an exit code go out. May import web, operations and everything below.
"""
