"""Indonesian mobile numbers: typed as `0812…`, `62812…`, `+62 812-…`; kept as E.164."""

import re

from sertakan.kit.errors import N_, Refused

# phonenumbers itself also reads letters (0812FLOWERS), extensions and tel: addresses, which nobody means here
_TYPED = re.compile(r"[0-9+()\s.\-]{8,30}")


class NotMobile(Refused):
    message = N_("Nomor HP 10–13 angka, diawali 08 atau +62")


def parse(text: str) -> str:
    """E.164 (`+62812…`), or NotMobile."""
    import phonenumbers  # its tables are read when somebody types a number

    text = text.strip()
    if not _TYPED.fullmatch(text):
        raise NotMobile
    if text.startswith("62"):
        text = f"+{text}"
    elif text.startswith("8"):
        text = f"0{text}"
    try:
        number = phonenumbers.parse(text, "ID")
    except phonenumbers.NumberParseException as error:
        raise NotMobile from error
    mobile = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
    if number.country_code != 62 or not phonenumbers.is_valid_number(number) or not mobile:
        raise NotMobile
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def mask(e164: str) -> str:
    """`+6281234567781` -> `0812••••7781`."""
    local = "0" + e164.removeprefix("+62")
    return f"{local[:4]}••••{local[-4:]}"
