"""How gunicorn serves the app. Read by itself from the working directory; the command line wins."""

import os

from config import load_settings

bind = "0.0.0.0:5000"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))

# A generation waits for Claude for up to a minute and holds a thread meanwhile, but hardly any CPU. With a
# thread worker `timeout` watches the worker's heartbeat and not the request, so a slow generation is not
# killed: REQUEST_TIMEOUT bounds it.
worker_class = "gthread"
threads = 256
timeout = 60
# On SIGTERM, generations under way may come to their end.
graceful_timeout = load_settings().request_timeout + 30

# Heartbeat files belong in memory: on a container's disk a slow write can look like a dead worker.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None

# The app writes a line per request itself, with its request id.
accesslog = None
control_socket_disable = True
