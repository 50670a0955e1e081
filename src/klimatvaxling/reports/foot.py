"""What stands below every report: the chain's head and count, and whether a rule of control is set aside."""

import datetime

from sqlalchemy import Connection, text

from klimatvaxling.access.access import UNIT
from klimatvaxling.access.register import own_role
from klimatvaxling.language import N_, translate, translate_plural
from klimatvaxling.policies import policy
from klimatvaxling.policies.register import all_values

SHOWN_OF_HEAD = 12


def foot(connection: Connection, today: datetime.date) -> tuple[str, ...]:
    """The lines, in the language in use."""
    lines = []
    if own_role(connection) == UNIT:  # sees some of the vouchers: the end of the chain, and not how long it is
        head = connection.execute(text("SELECT chain_head()")).scalar()
        if head is not None:
            lines.append(translate(N_("The chain ends with {head}."), head=str(head)[:SHOWN_OF_HEAD]))
    else:
        last = connection.execute(text("SELECT hash, id FROM voucher ORDER BY id DESC LIMIT 1")).one_or_none()
        if last is not None:
            lines.append(chain_note(last.hash[:SHOWN_OF_HEAD], last.id))
    if policy.value_on(all_values(connection), policy.REQUIRE_SECOND_PERSON, today) == "off":
        lines.append(second_person_note())
    return tuple(lines)


def chain_note(head: str, vouchers: int) -> str:
    """How far the books have come."""
    count = translate_plural(N_("{count} voucher"), N_("{count} vouchers"), vouchers)
    return translate(N_("The chain ends with {head} after {vouchers}."), head=head, vouchers=count)


def second_person_note() -> str:
    """That a rule of control is set aside."""
    return translate(N_("No second person is required for approvals (policy require_second_person is off)."))
