"""`/demo` in both languages."""

from tests.page import PageClient


def test_the_accounts_are_labelled_in_the_language_of_the_page(client: PageClient) -> None:
    client.get("/demo").sees("Siapa", "Warga penanggung", "Kata sandi", "warga01@demo.test")
    client.get("/en/demo").sees("Who", "Password", "warga01@demo.test").misses("Warga penanggung", "Kata sandi", "Siapa")
