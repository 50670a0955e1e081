"""Beginning the books: the organisation, the scheme's first policies, and the factor sets that ship."""

import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, text

from klimatvaxling import __version__
from klimatvaxling.access import register as access
from klimatvaxling.clock import Clock, stamp
from klimatvaxling.database.bulk import insert_rows
from klimatvaxling.database.faults import BookMissing
from klimatvaxling.database.location import place_of
from klimatvaxling.emissions.factor_file import shipped_sets
from klimatvaxling.emissions.register import register_set
from klimatvaxling.errors import InputRefused
from klimatvaxling.language import N_, translate
from klimatvaxling.policies import policy
from klimatvaxling.policies.register import decide
from klimatvaxling.units.unit import organisation_number

FIRST_RATE = "1.50"
_OWN_POLICIES = (
    policy.GRANT_KINDS,
    policy.GRANT_SHARE,
    policy.GRANT_OUTSIDE_ROUND,
    policy.GRANT_CRITERIA,
    policy.FOCUS_AREAS,
    policy.VEHICLE_SOURCE,
)


@dataclass(frozen=True)
class Beginning:
    """What `init` found and made."""

    is_new: bool
    organisation: str
    factor_sets: tuple[str, ...]


class OrganisationNameMissing(InputRefused):
    """Books of nobody."""

    code = "KV-ORGANISATION-NAME"
    message = N_("The organisation has no name.")
    remedy = N_("Write whose books these are: --organisation NAME")


def require_organisation(organisation: str | None, org_number: str | None) -> None:
    """Refuse a name or number that cannot begin the books, before anything is made.

    Raises `OrganisationNameMissing`, `BadOrganisationNumber` or `PersonalOrganisationNumber`.
    """
    if organisation is not None and not organisation.strip():
        raise OrganisationNameMissing
    if org_number is not None:
        organisation_number(org_number)


def begin(
    connection: Connection, *, organisation: str | None, org_number: str | None, shared: bool, clock: Clock, by: str
) -> Beginning:
    """Make the books if there are none, and register factor sets that came with this version of the program.

    `shared` is True for a server that many people use: then a second person is required from the start.
    Raises what `require_organisation` raises, and `BookMissing` where something is registered and the book is gone.
    """
    require_organisation(organisation, org_number)
    known = connection.execute(text("SELECT organisation FROM book")).scalar()
    if known is None:
        if connection.execute(text("SELECT 1 FROM voucher UNION SELECT 1 FROM registration")).scalar():
            raise BookMissing(where=place_of(connection.engine.url.render_as_string(hide_password=True)))
        _make_book(connection, organisation or translate(N_("Unnamed organisation")), org_number, clock, by)
        _first_policies(connection, clock, by, shared=shared)
    access.begin(connection, clock=clock, by=by)
    sets = tuple(
        factor_set.label for factor_set in shipped_sets() if register_set(connection, factor_set, clock=clock, by=by)
    )
    name = connection.execute(text("SELECT organisation FROM book")).scalar_one()
    return Beginning(known is None, str(name), sets)


def _make_book(connection: Connection, organisation: str, org_number: str | None, clock: Clock, by: str) -> None:
    row = {
        "id": 1,
        "organisation": organisation,
        "org_number": organisation_number(org_number) if org_number is not None else None,
        "nonce": secrets.token_hex(32),
        "registered_at": stamp(clock()),
        "registered_by": by,
        "program_version": __version__,
    }
    insert_rows(connection, "book", tuple(row), [tuple(row.values())])


def _first_policies(connection: Connection, clock: Clock, by: str, *, shared: bool) -> None:
    scheme = "Borås Stad, klimatväxling 2013"
    own = "init"
    for name, value, decision in (
        (policy.RATE, FIRST_RATE, scheme),
        (policy.RETENTION, policy.ONE_YEAR_FROM_BOOKING, scheme),
        (policy.COMPANY_INVOICING, "swept", scheme),
        (policy.REQUIRE_SECOND_PERSON, "on" if shared else "off", own),
        *((name, policy.DEFAULTS[name], own) for name in _OWN_POLICIES),
    ):
        decide(connection, name, value, valid_from=policy.SCHEME_START, decision=decision, clock=clock, by=by)
