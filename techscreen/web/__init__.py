"""HTTP: declaration of endpoints, authentication, parsing, dispatch, answers, OpenAPI, and the container of an app.

A Flask request comes in; a JSON body, an event stream or an error in the one form goes out. May import operations,
jobs, the services and everything below.
"""
