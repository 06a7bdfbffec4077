"""What gunicorn and `flask --app wsgi` start."""

from sertakan import create_app

app = create_app()
