"""The rooms of the service, around the product's own modules at the top of the project.

From the top down: cli and server, web, operations, jobs, (the three services), generation, question_cache, claude,
quality and observability, schemas, checks, topics and storage, text, errors and data. Below them all is the ground:
`models`, `prompts` and `config`. Imports go downward only; import-linter holds this, see pyproject.toml.
"""
