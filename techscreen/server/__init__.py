"""What runs a process: gunicorn's worker that loses no request, and guards against hangs and fragmented memory.

Connections and signals come in; complete requests go out to the app. Knows gunicorn and nothing of interviews. May
import `config` alone.
"""
