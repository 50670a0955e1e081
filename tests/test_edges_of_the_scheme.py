"""What nobody plans for, and what the books do then."""

import pytest

from conftest import Books, trip


def amended(books: Books, *rows: dict[str, object]) -> None:
    books.take(*rows, name="again.csv", options=["--amend", "--booked-on", "2025-04-30"])
    books.sound()


def test_a_batch_that_charged_nothing_can_be_undone(books: Books) -> None:
    books.take(trip(co2_fossil_kg="0"))
    assert books.json("batch", "undo", "1")["charged_ore"] == 0
    books.sound()


def test_a_fall_that_comes_from_rounding_alone_is_taken_from_the_lot_of_the_trips(books: Books) -> None:
    """3 g and 2 g are charged as 5 g of one category, 1 öre; in two categories they are 0 öre each."""
    books.take(trip("a", co2_fossil_kg="0,003"), trip("b", co2_fossil_kg="0,002"))
    amended(
        books, trip("a", co2_fossil_kg="0,003", category="taxi"), trip("b", co2_fossil_kg="0,002", category="flight")
    )
    assert (books.balance("SBF")["charged_ore"], books.own_funds("SBF")) == (0, {})


def test_a_credit_that_moves_to_another_unit_takes_from_its_lots(books: Books) -> None:
    books.take(trip("a", unit="BUF"))
    books.take(trip("b", co2_fossil_kg="-2"), name="credit.csv")
    amended(books, trip("b", co2_fossil_kg="-2", unit="BUF"))
    assert books.balance("SBF")["own_funds_ore"] == 0
    assert books.own_funds("BUF") == {"A2025-1": 1200}


@pytest.mark.parametrize(
    "command",
    [
        ("fund", "appropriate", "--decision", "KF", "--amount", "92233720368547758.07"),
        ("measure", "add", "--unit", "SBF", "--title", "x", "--amount", "92233720368547758.08"),
        ("batch", "undo", "99999999999999999999"),
        ("grant", "show", "99999999999999999999"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_number_that_the_books_have_no_room_for_is_wrong_usage(books: Books, command: tuple[str, ...]) -> None:
    code, _, told = books(*command)
    assert (code, told.split(":")[0]) == (2, "KV-TOO-LARGE")


def test_a_thousand_milliard_kronor_many_times_over_are_counted_to_the_ore(books: Books) -> None:
    for _ in range(3):
        books.json("fund", "appropriate", "--decision", "KF", "--amount", "999 999 999 999,99")
    assert books.json("fund")["available_ore"] == 3 * 99_999_999_999_999
    books.sound()


@pytest.mark.parametrize("text", ["\x1b[31mred", "bell\x07", "a\x00b", "a\rb", "a\x9bb"])
def test_what_would_steer_a_terminal_does_not_get_into_the_books(books: Books, text: str) -> None:
    code, _, told = books("fund", "appropriate", "--amount", "1", "--decision", text)
    assert (code, told.split(":")[0]) == (3, "KV-TEXT-CONTROL")
    assert text not in told


def test_a_title_is_one_line(books: Books) -> None:
    books.take(trip())
    books.json(
        "measure",
        "add",
        "--unit",
        "SBF",
        "--amount",
        "1",
        "--title",
        " Bikes\n and\tracks ",
        "--booked-on",
        "2025-04-01",
    )
    assert books.json("measure", "list")["measures"][0]["title"] == "Bikes and racks"


AMEND = ("--amend", "--booked-on", "2025-04-30")


@pytest.mark.parametrize("between", [0, 6000], ids=["side by side", "far apart"])
@pytest.mark.parametrize("kilograms", [("8", "9"), ("10", "9"), ("9", "10")], ids="then ".join)
def test_two_contents_of_one_trip_in_an_amending_file_are_both_rejected(
    books: Books, kilograms: tuple[str, str], between: int
) -> None:
    """One of them may be what is in the books already: which one is meant is not for the program to say."""
    books.take(trip("a"))
    others = [trip(f"b{number}") for number in range(between)]
    first, second = (trip("a", co2_fossil_kg=kg) for kg in kilograms)
    outcome = books.refuse(first, *others, second, name="twice.csv", options=AMEND)
    assert (outcome.code, outcome.json["rows_rejected"], outcome.json["rows_held"]) == (3, 2, between)


@pytest.mark.parametrize("between", [0, 6000], ids=["side by side", "far apart"])
def test_an_amended_trip_that_stands_twice_with_one_content_is_amended_once(books: Books, between: int) -> None:
    books.take(trip("a"))
    others = [trip(f"b{number}", co2_fossil_kg="0") for number in range(between)]
    result = books.take(
        trip("a", co2_fossil_kg="7"), *others, trip("a", co2_fossil_kg="7"), name="twice.csv", options=AMEND
    )
    assert (result["rows_posted"], result["rows_already_imported"]) == (1 + between, 1)
    assert books.balance("SBF")["charged_ore"] == 1050
    books.sound()
