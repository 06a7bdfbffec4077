"""What the clock and a knock start: lines that nobody has looked at yet."""

from sertakan.bank import service
from sertakan.web.knock import knock


def match_lines() -> str:
    """Book what names its bill, suggest or leave the rest."""
    booked = service.match_lines()
    if booked:
        knock("notices")
    return f"{booked} booked"
