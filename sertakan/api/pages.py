"""`/perusahaan/<organisation>/api`: the tokens of an organisation."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.api import news, queries, rules, service
from sertakan.api.forms import EmptyForm, HookForm, TokenForm
from sertakan.api.rules import SCOPES, Scope
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.organisations.queries import get_membership
from sertakan.web.access import signed_in
from sertakan.web.extensions import limiter

bp = Blueprint("api_tokens", __name__, url_prefix="/perusahaan/<ref>/api", template_folder="templates")


@bp.route("", methods=["GET", "POST"])
@signed_in
@limiter.limit("20 per hour", methods=["POST"])
def index(ref: str) -> Any:
    """The tokens that work; a new one is shown on the page that answers, and never again."""
    form, secret = TokenForm(), ""
    if form.sent:
        try:
            with transaction():
                actor = get_membership(ref, current_user.person, lock=True)
                secret = service.make_token(actor=actor, name=form.name.data, scopes=[Scope(word) for word in form.scopes.data])
            form = TokenForm(formdata=None)
        except Refused as no:
            form.refuse(no)
    member = get_membership(ref, current_user.person)
    page = render_template(
        "api/index.html",
        form=form,
        member=member,
        organisation=member.organisation,
        tokens=queries.list_tokens(member, clock.now()),
        scopes=SCOPES,
        secret=secret,
        most=rules.MOST_TOKENS,
    )
    return page, 422 if form.errors else 200


@bp.route("/<token>/cabut", methods=["GET", "POST"])
@signed_in
def revoke(ref: str, token: str) -> Any:
    """Asks once more, then the token works no longer."""
    form = EmptyForm()
    if form.sent:
        with transaction():
            actor = get_membership(ref, current_user.person)
            service.revoke_token(actor=actor, token=queries.get_token(actor, token))
        flash(_("Token dicabut. Program yang memakainya tidak dapat masuk lagi."), "ok")
        return redirect(url_for(".index", ref=ref), 303)
    member = get_membership(ref, current_user.person)
    row = queries.get_token(member, token)
    return render_template("api/revoke.html", form=form, member=member, organisation=member.organisation, token=row)


@bp.route("/kabar", methods=["GET", "POST"])
@signed_in
@limiter.limit("20 per hour", methods=["POST"])
def hooks(ref: str) -> Any:
    """Where news of uploads and leavers goes; the secret is shown on the page that answers, and never again."""
    form, secret = HookForm(), ""
    if form.sent:
        try:
            with transaction():
                secret = news.open_hook(actor=get_membership(ref, current_user.person, lock=True), url=form.url.data)
            form = HookForm(formdata=None)
        except Refused as no:
            form.refuse(no)
    member = get_membership(ref, current_user.person)
    page = render_template(
        "api/hooks.html",
        form=form,
        member=member,
        organisation=member.organisation,
        hooks=news.list_hooks(member.organisation_id),
        secret=secret,
    )
    return page, 422 if form.errors else 200


@bp.post("/kabar/<hook>/tutup")
@signed_in
def close_hook(ref: str, hook: str) -> Any:
    """Nothing goes there any more."""
    with transaction():
        actor = get_membership(ref, current_user.person)
        news.close_hook(actor=actor, hook=news.get_hook(actor, hook))
    flash(_("Alamat dihapus. Tidak ada kabar lagi yang dikirim ke sana."), "ok")
    return redirect(url_for(".hooks", ref=ref), 303)
