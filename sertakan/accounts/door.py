"""The blueprint of this room, and how its forms are shown: `views` and `security` hang their pages on it."""

from typing import Any

from flask import Blueprint, render_template

from sertakan.web.forms import BaseForm

bp = Blueprint("accounts", __name__, template_folder="templates")


def page(template: str, form: BaseForm, **words: Any) -> Any:
    """The form again: 422 when something in it was refused."""
    return render_template(template, form=form, **words), 422 if form.errors else 200
