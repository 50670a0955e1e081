"""Places and routes by air: what a code stands for, and how far it is."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klimatvaxling.emissions import airports
from klimatvaxling.errors import InputRefused


@pytest.mark.parametrize(
    ("origin", "destination", "km"),
    [
        ("GOT", "ARN", 393),
        ("ARN", "JFK", 6292),
        ("ARN", "LLA", 687),
        ("GOT", "CPH", 229),
        ("ARN", "LHR", 1461),
    ],
)
def test_the_distance_is_the_great_circle(origin: str, destination: str, km: int) -> None:
    assert airports.leg_km(origin, destination) == pytest.approx(km, abs=3)


@given(
    st.sampled_from(["GOT", "ARN", "BRU", "SXF", "JFK", "SYD", "AKL", "TOS"]),
    st.sampled_from(["LHR", "NRT", "KEF"]),
)
def test_it_is_as_far_there_as_back_and_never_more_than_half_way_round(origin: str, destination: str) -> None:
    km = airports.leg_km(origin, destination)
    assert km == airports.leg_km(destination, origin)
    assert 0 < km <= 20016


def on_the_equator(km: float) -> tuple[airports.Airport, airports.Airport]:
    degrees = math.degrees(km / airports.EARTH_RADIUS_KM)
    return airports.Airport("AAA", "SE", 0.0, 0.0), airports.Airport("BBB", "SE", 0.0, degrees)


@pytest.mark.parametrize("km", [61, 60.6, 18_200, 18_200.4])
def test_a_flight_is_at_least_61_and_at_most_18_200_km(km: float) -> None:
    assert airports._leg(*on_the_equator(km)) == airports.Leg("AAA", "BBB", round(km), same_country=True)


@pytest.mark.parametrize(
    ("km", "error"),
    [(60.4, airports.LegTooShort), (60, airports.LegTooShort), (18_201, airports.LegTooLong)],
)
def test_what_is_shorter_or_longer_is_questioned_with_its_length(km: float, error: type[InputRefused]) -> None:
    with pytest.raises(error) as refused:
        airports._leg(*on_the_equator(km))
    assert refused.value.facts == {"leg": "AAA-BBB", "km": round(km)}


def test_the_other_side_of_the_earth_is_half_way_round_however_the_sines_are_rounded() -> None:
    here = airports.Airport("AAA", "SE", -20.048, -100.987)
    there = airports.Airport("BBB", "SE", 20.048, 79.013)
    assert airports._great_circle_km(here, there) == 20015


def test_the_tables_are_read_when_the_first_place_is_asked_for() -> None:
    for table in (airports._places, airports._names, airports._spelling, airports._airports, airports._cities):
        table.cache_clear()
    airports.load()
    assert airports._airports.cache_info().currsize == 1
    assert [airports.airport(text).code for text in ("Åbo", "STO", "RMO", "TXL")] == ["TKU", "ARN", "RMO", "TXL"]
    assert airports._near("Götebrg") == ["GOT (Göteborg)"]
    with pytest.raises(airports.PlaceIsManyAirports):
        airports.airport("SPK")


def test_a_city_code_stands_for_the_city_s_main_airport() -> None:
    assert airports.airport("STO").code == "ARN"
    assert airports.airport("lon").code == "LHR"
    assert airports.leg_km("GOT", "STO") == airports.leg_km("GOT", "ARN")


def test_a_city_without_a_main_airport_is_refused_with_its_airports() -> None:
    with pytest.raises(airports.PlaceIsManyAirports) as refused:
        airports.airport("SPK")
    assert refused.value.facts == {"value": "SPK", "airports": "CTS, OKD"}


def test_taree_is_questioned_and_tromso_suggested() -> None:
    with pytest.raises(airports.PlaceQuestioned) as refused:
        airports.route("OSL-TRO")
    assert refused.value.facts["suggestion"] == "TOS"
    assert refused.value.place.column == "route"


def test_closed_airports_keep_their_place_for_old_trips() -> None:
    assert airports.leg_km("TXL", "ARN") == pytest.approx(839, abs=3)
    assert airports.leg_km("SXF", "BER") <= 3
    assert airports.leg_km("KIV", "ARN") == airports.leg_km("RMO", "ARN")


@pytest.mark.parametrize(
    ("code", "lat", "lon"), [("BRU", 50.897, 4.484), ("CRL", 50.457, 4.452), ("LUX", 49.631, 6.210)]
)
def test_the_airports_of_belgium_and_luxembourg_lie_where_they_are(code: str, lat: float, lon: float) -> None:
    # airportsdata has degrees, minutes and seconds read as decimals there, up to 42 km away.
    found = airports.airport(code)
    assert found.lat == pytest.approx(lat, abs=0.02)
    assert found.lon == pytest.approx(lon, abs=0.02)


@pytest.mark.parametrize("name", ["Göteborg", "Goteborg", "GOTHENBURG", "GOT", " got ", "Göteborg.", "G OT:", "(GOT)"])
def test_gothenburg_is_one_place_however_it_is_written(name: str) -> None:
    assert airports.airport(name).code == "GOT"


def test_every_place_of_our_own_table_is_an_airport() -> None:
    table = airports._places()
    suggestions = [questioned["suggestion"] for questioned in table["questioned"].values()]
    for code in [*table["cities"], *table["names"], *table["airports"], *suggestions]:
        assert airports.airport(code).country


def test_every_leg_of_a_route_counts() -> None:
    there_and_back = airports.route("GOT-ARN-GOT")
    assert [(leg.origin, leg.destination) for leg in there_and_back.legs] == [("GOT", "ARN"), ("ARN", "GOT")]
    assert there_and_back.distance_km == 2 * airports.leg_km("GOT", "ARN")


@pytest.mark.parametrize("text", ["got-arn-got", " GOT - ARN - GOT ", "GOT–ARN–GOT", "GOT\u2212ARN-GOT"])
def test_case_spaces_and_kind_of_dash_do_not_matter(text: str) -> None:
    assert airports.route(text) == airports.route("GOT-ARN-GOT")


def test_a_leg_knows_whether_it_stays_in_one_country_and_below_500_km() -> None:
    domestic, abroad = airports.route("GOT-ARN-JFK").legs
    assert (domestic.same_country, domestic.under_500_km) == (True, True)
    assert (abroad.same_country, abroad.under_500_km) == (False, False)


def test_500_km_is_not_under_500_km() -> None:
    assert not airports.Leg("AAA", "BBB", 500, same_country=True).under_500_km
    assert airports.Leg("AAA", "BBB", 499, same_country=True).under_500_km


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("GOT", airports.RouteTooShort),
        ("GOT-", airports.RouteTooShort),
        ("GOT--ARN", airports.RouteTooShort),
        ("GOT-:-ARN", airports.RouteTooShort),
        ("GOT-800101-1234", airports.PlaceUnknown),
        ("GOT-GOT", airports.LegToItself),
        ("STO-ARN", airports.LegToItself),
        ("GOT-QQQ", airports.PlaceUnknown),
        ("GOT-ESSA", airports.PlaceUnknown),
    ],
)
def test_a_route_that_cannot_be_flown_is_refused(text: str, error: type[InputRefused]) -> None:
    with pytest.raises(error) as refused:
        airports.route(text)
    assert refused.value.place.column == "route"


@pytest.mark.parametrize("text", ["19800101-1234", "800101-1234", "GOT-8001011234", "800101–1234"])
def test_a_personal_identity_number_in_a_route_is_not_repeated(text: str) -> None:
    with pytest.raises(InputRefused) as refused:
        airports.route(text)
    assert not any(part in str(refused.value.facts) for part in ("800101", "1234"))


@pytest.mark.parametrize(
    ("text", "stops"),
    [
        ("GOT -> CPH > JFK", "GOT CPH JFK"),
        ("GOT→CPH/JFK", "GOT CPH JFK"),
        ("GOT ARN GOT", "GOT ARN GOT"),
        ("FRA: - GOT", "FRA GOT"),
        ("FR A-GOT", "FRA GOT"),
        ("Göteborg-Bryssel", "GOT BRU"),
        ("gothenburg > new york", "GOT JFK"),
        ("Stockholm-Arlanda - Göteborg-Landvetter", "ARN GOT"),
        ("Stockholm-Arlanda > Göteborg", "ARN GOT"),
        ("STOCKHOLM ARLANDA-GÖTEBORG", "ARN GOT"),
        ("Luleå (LLA) / Stockholm-Arlanda (ARN)", "LLA ARN"),
        ("Tromsø-Tromso Langnes (TOS)-OSL", None),
        ("Malmø - Åbo", "MMX TKU"),
        ("STO-LON", "ARN LHR"),
    ],
)
def test_a_route_is_the_same_however_suppliers_spell_it(text: str, stops: str | None) -> None:
    if stops is None:
        with pytest.raises(InputRefused):
            airports.route(text)
        return
    legs = airports.route(text).legs
    assert " ".join([legs[0].origin, *(leg.destination for leg in legs)]) == stops


@given(st.lists(st.sampled_from(["GOT", "ARN", "CPH", "JFK", "LHR", "TOS"]), min_size=2, max_size=6))
def test_every_separator_gives_the_same_legs(stops: list[str]) -> None:
    if any(one == two for one, two in pairwise(stops)):
        return
    routes = {airports.route(separator.join(stops)) for separator in ("-", " - ", ">", " -> ", "/", " ")}
    assert len(routes) == 1


def test_journeys_with_a_way_by_land_between_them_are_parted_by_a_comma() -> None:
    legs = airports.route("GOT-ARN, BMA-GOT").legs
    assert [(leg.origin, leg.destination) for leg in legs] == [("GOT", "ARN"), ("BMA", "GOT")]


def test_a_route_flown_several_times_is_as_long_as_all_of_them() -> None:
    once, thrice = airports.route("GOT-ARN-JFK"), airports.route("3*GOT-ARN-JFK")
    assert thrice.legs == once.legs
    assert thrice.distance_km == 3 * once.distance_km
    assert thrice.distance_under_500_km == 3 * once.distance_under_500_km


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("GOT-ARN-BMA-GOT", airports.LegTooShort),
        ("CPH-MMX", airports.LegTooShort),
        ("MAD-WLG", airports.LegTooLong),
        ("0*GOT-ARN", airports.RouteTooShort),
        ("1000*GOT-ARN", airports.PlaceUnknown),
        ("*GOT-ARN", airports.PlaceUnknown),
        ("GOT->", airports.RouteTooShort),
        ("GOT-ARN,", airports.RouteTooShort),
        ("GOT, ARN", airports.RouteTooShort),
        ("Stockholm-Arlanda", airports.RouteTooShort),
    ],
)
def test_a_route_that_is_hardly_meant_is_questioned(text: str, error: type[InputRefused]) -> None:
    with pytest.raises(error) as refused:
        airports.route(text)
    assert refused.value.place.column == "route"


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("Götebrg", "GOT (Göteborg)"),
        ("Stokholm", "ARN (Stockholm)"),
        ("VAX", "VXO (Växjö)"),
        # Up to four letters may be the beginning of a name, and at most three places are named.
        ("amst", "AMS (Amsterdam)"),
        ("amste", None),
        ("lond", "LGW (London Gatwick), STN (London Stansted), LCY (London City)"),
        ("aborg", "AAL (Ålborg), OUL (Uleåborg)"),
        ("Bruxelles", None),
        ("vx", None),
    ],
)
def test_a_misspelt_place_is_asked_about_and_never_guessed(text: str, suggestion: str | None) -> None:
    with pytest.raises(airports.PlaceUnknown) as refused:
        airports.route(f"{text} > ARN")
    assert refused.value.facts.get("suggestions") == suggestion
    assert refused.value.facts["value"] == text
    assert suggestion is None or suggestion in refused.value.what()


@pytest.mark.parametrize("code", sorted(airports._places()["questioned"]))
def test_a_questioned_code_is_a_real_place_and_its_suggestion_a_nordic_one(code: str) -> None:
    assert code in airports._airports() or code in airports._cities()
    assert airports.airport(airports._places()["questioned"][code]["suggestion"]).country in {"SE", "NO", "FI", "DK"}


def test_a_name_means_what_its_city_code_means() -> None:
    places = airports._places()
    for name, code in (("stockholm", "STO"), ("london", "LON"), ("paris", "PAR"), ("tokyo", "TYO"), ("milano", "MIL")):
        assert airports.airport(name).code == places["cities"][code]


def test_a_route_has_at_most_four_hundred_characters() -> None:
    assert airports.route("GOT-ARN".ljust(400)) == airports.route("GOT-ARN")
    with pytest.raises(airports.RouteTooShort):
        airports.route("GOT-ARN".ljust(401))


@pytest.mark.parametrize("text", [" " * 90_000 + "x", "-" * 90_000 + "x", "GOT-" * 20_000, "x" * 90_000, "= " * 40_000])
def test_a_cell_of_any_length_is_refused_at_once(text: str) -> None:
    with pytest.raises(airports.RouteTooShort):
        airports.route(text)
