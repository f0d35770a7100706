FROM python:3.11.15-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 FLASK_ENV=production \
    SPOOL_DIR=/var/lib/techscreen/spool HOST=0.0.0.0 PORT=5000
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
RUN useradd --system --no-create-home techscreen \
    && install -d -o techscreen -g techscreen -m 700 /var/lib/techscreen/spool
USER techscreen
EXPOSE 5000
HEALTHCHECK --interval=30s --timeout=3s --start-period=15s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=2)"]
# Migrate on purpose, not on every start: docker run --rm IMAGE alembic upgrade head
CMD ["gunicorn", "app:create_app()"]
