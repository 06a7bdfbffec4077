"""No pages: the blueprint only brings the texts of the messages."""

from flask import Blueprint

bp = Blueprint("notices", __name__, template_folder="templates")
