"""Who may be tried in the demo, and how to sign in as each. Apart from the story, which a server process never needs."""

from sertakan.accounts import staff as account_service
from sertakan.accounts.permissions import Role
from sertakan.kit.errors import N_

PASSWORD = "pontianak-kota-khatulistiwa-2026"  # noqa: S105 - the demo's, printed on its own page
STAFF: tuple[tuple[str, str, Role, str], ...] = (
    ("Dewi Lestari", "dewi@demo.test", Role.officer, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"),
    ("Agus Salim", "agus@demo.test", Role.supervisor, "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU"),
    ("Maya Anggraini", "maya@demo.test", Role.finance, "MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK"),
    ("Hasan Basri", "hasan@demo.test", Role.attestor, "NBSWY3DPFQQHO33SNBSWY3DPFQQHO33S"),
    ("Nina Kartika", "nina@demo.test", Role.auditor, "OBQXG43XN5ZGIIDLOBQXG43XN5ZGIIDL"),
)
OFFICES = (("Perusahaan", "rina@demo.test", "budi@demo.test"), ("Dinas", "hendra@demo.test", "yuliana@demo.test"))
CHECKER_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # noqa: S105 - the demo's, printed on its own page


def accounts() -> list[dict[str, str]]:
    """Who may be tried, and how to sign in as each."""
    tries = [
        {
            N_("Siapa"): N_("Warga penanggung"),
            N_("Masuk"): "warga01@demo.test",
            N_("Kode"): "/demo/pesan",
            N_("Halaman"): "/masuk",
        }
    ]
    for who, maker, checker in OFFICES:
        tries.append({"Siapa": f"{who}: pengisi", "Masuk": maker, "Kode": "/demo/pesan", "Halaman": "/masuk"})
        tries.append(
            {
                "Siapa": f"{who}: penyetuju",
                "Masuk": checker,
                "Kode": "/demo/pesan",
                "Kode 6 angka": account_service.totp_now(CHECKER_SECRET),
                "Kunci TOTP": CHECKER_SECRET,
                "Halaman": "/masuk",
            }
        )
    for name, email, role, secret in STAFF:
        tries.append(
            {
                "Siapa": f"{name} ({role.value})",
                "Masuk": email,
                N_("Kata sandi"): PASSWORD,
                N_("Kode 6 angka"): account_service.totp_now(secret),
                N_("Kunci TOTP"): secret,
                "Halaman": "/petugas/masuk",
            }
        )
    return tries
