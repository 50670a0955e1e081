"""What is hashed has one form: the same content gives the same bytes, and the bytes their SHA-256."""

from klimatvaxling.canonical import canonical_json, sha256_of


def test_keys_are_sorted_letters_stand_as_they_are_and_there_is_no_white_space() -> None:
    content = {"unit": "Räddningstjänsten", "amount_ore": 10, "lot": None, "of": {"b": [1, 2], "a": True}}
    assert canonical_json(content).decode("utf-8") == (
        '{"amount_ore":10,"lot":null,"of":{"a":true,"b":[1,2]},"unit":"Räddningstjänsten"}'
    )


def test_the_digest_is_sha_256_in_lower_case_hexadecimal() -> None:
    assert sha256_of(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
