"""Who may do what. Every route names a permission from here; nothing else decides by role."""

from enum import StrEnum


class Role(StrEnum):
    """A person's office. Residents have none: what they may see follows from what they own."""

    officer = "officer"
    supervisor = "supervisor"
    finance = "finance"
    attestor = "attestor"  # RT head, market manager, posyandu cadre
    auditor = "auditor"
    admin = "admin"


class Permission(StrEnum):
    review_see = "review:see"
    review_decide = "review:decide"
    nik_reveal = "nik:reveal"
    worker_register = "worker:register"
    worker_attest = "worker:attest"
    money_see = "money:see"
    remittance_see = "remittance:see"
    remittance_prepare = "remittance:prepare"
    remittance_confirm = "remittance:confirm"
    remittance_repair = "remittance:repair"
    money_move = "money:move"
    refund_approve = "refund:approve"
    refund_approve_large = "refund:approve_large"
    tariff_edit = "tariff:edit"
    organisation_verify = "organisation:verify"
    audit_see = "audit:see"
    gaps_see = "gaps:see"
    staff_manage = "staff:manage"
    jobs_see = "jobs:see"
    jobs_run = "jobs:run"


P = Permission
ROLES: dict[Role, frozenset[Permission]] = {
    Role.officer: frozenset(
        {
            P.review_see,
            P.review_decide,
            P.nik_reveal,
            P.worker_register,
            P.worker_attest,
            P.gaps_see,
            P.organisation_verify,
            P.remittance_repair,
        }
    ),
    Role.supervisor: frozenset(
        {
            P.review_see,
            P.review_decide,
            P.nik_reveal,
            P.worker_register,
            P.worker_attest,
            P.money_see,
            P.refund_approve,
            P.refund_approve_large,
            P.gaps_see,
            P.audit_see,
            P.organisation_verify,
            P.remittance_see,
            P.remittance_confirm,
            P.remittance_repair,
            P.jobs_see,
        }
    ),
    Role.finance: frozenset(
        {P.money_see, P.remittance_see, P.remittance_prepare, P.remittance_confirm, P.money_move, P.refund_approve, P.jobs_see}
    ),
    Role.attestor: frozenset({P.worker_register, P.worker_attest}),
    Role.auditor: frozenset({P.review_see, P.money_see, P.remittance_see, P.audit_see, P.jobs_see}),
    Role.admin: frozenset({P.staff_manage, P.tariff_edit, P.audit_see, P.jobs_see, P.jobs_run}),
}


def may(role: Role | None, permission: Permission) -> bool:
    return role is not None and permission in ROLES[role]
