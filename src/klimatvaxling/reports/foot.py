"""What stands below every report: the chain's head and count, and whether a rule of control is set aside."""

import datetime

from sqlalchemy import Connection, text

from klimatvaxling.access.access import UNIT
from klimatvaxling.access.register import own_role
from klimatvaxling.language import N_, translate, translate_plural
from klimatvaxling.ledger import chain
from klimatvaxling.policies import policy
from klimatvaxling.policies.register import all_values

SHOWN_OF_HEAD = 12


def foot(connection: Connection, today: datetime.date, known_at: str = chain.ALL_THAT_IS_KNOWN) -> tuple[str, ...]:
    """The lines, in the language in use: the head as it was at a time, the rule as it is today."""
    if own_role(connection) == UNIT:  # sees some of the vouchers: how the chain ends, and not how long it is
        head = connection.execute(text("SELECT chain_head(:known_at)"), {"known_at": known_at}).scalar()
        lines = [translate(N_("The chain ends with {head}."), head=str(head)[:SHOWN_OF_HEAD])] if head else []
    else:
        last = chain.head(connection, known_at)
        lines = [chain_note(last.hash[:SHOWN_OF_HEAD], last.vouchers)] if last.hash else []
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
