"""The second factor of checkers and finance: before every form of theirs within an organisation, asked for in this one place.

A new form under `/perusahaan/<ref>` is behind it without saying so; `FREE` names the few that only look.
"""

from typing import Any

from flask import Flask, current_app, redirect, request, session, url_for
from flask_login import current_user

from sertakan.accounts import session as browser
from sertakan.accounts.models import MemberRole, Membership
from sertakan.organisations import queries
from sertakan.web.access import to_sign_in

ROLES = frozenset({MemberRole.checker, MemberRole.finance})  # who decides, and who pays (ASVS 6.3.3)
UNDER = "/perusahaan/<ref>"
FREE = frozenset({"roster.search", "papers.index"})  # looking a worker up; putting a paper together
LEAVE = "organisations.end_membership"


def lacks(member: Membership) -> bool:
    """Whether this reader's role asks for a second factor that this session has not shown."""
    return member.role in ROLES and not current_user.factor_shown


def has_none(member: Membership) -> bool:
    """Whether a member's role asks for a second factor and she has not set one up; her contact person may remind her."""
    return member.role in ROLES and member.person.totp_sealed is None


def is_guarded(rule: str, endpoint: str) -> bool:
    """Whether forms at this address wait for it."""
    return (rule == UNDER or rule.startswith(UNDER + "/")) and endpoint not in FREE


def _ask() -> Any:
    """Before a form is answered: to the page of the second factor, or None."""
    rule = request.url_rule
    if request.method in ("GET", "HEAD", "OPTIONS") or rule is None or not is_guarded(rule.rule, rule.endpoint):
        return None
    ref = (request.view_args or {})["ref"]
    member = queries.find_living(ref, current_user.person) if current_user.is_authenticated else None
    if member is None or not lacks(member) or _leaves(member):
        return None
    if current_user.person.role is not None:
        session["next"] = _where(ref)
        return to_sign_in(staff=True)
    browser.keep_back(_where(ref))
    return redirect(url_for("accounts.show_factor"), 303)


def _leaves(member: Membership) -> bool:
    """Who loses her telephone may still give her part up."""
    return request.endpoint == LEAVE and (request.view_args or {}).get("member_id") == member.id


def _where(ref: str) -> str:
    """The page of the form: its own address, the one above it, or the organisation's."""
    above = request.path.rsplit("/", 1)[0]
    return next((path for path in (request.path, above) if _is_page(path)), url_for("organisations.detail", ref=ref))


def _is_page(path: str) -> bool:
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None
    return adapter.test(path, method="GET")


def link(ref: str) -> str:
    """To the page of the second factor, and back to this one."""
    return url_for("accounts.show_factor", kembali=_where(ref))


def init_factor(app: Flask) -> None:
    app.before_request(_ask)
    app.jinja_env.globals.update(lacks_factor=lacks, without_factor=has_none, factor_link=link)
