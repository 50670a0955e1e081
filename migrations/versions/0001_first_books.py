"""The first books: units, policies, factors, imports, the ledger, and the guards that keep what is posted."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Sorted and compared by its letters' numbers, as SQLite does, whatever language a server was set up for.
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

# What is registered is never changed or deleted. The columns are the keys by which INSERT OR REPLACE could
# replace a row without any UPDATE or DELETE trigger being asked (SQLite, recursive_triggers off).
NEVER_CHANGED = {
    "book": [("id",)],
    "access": [("id",)],
    "unit": [("id",), ("code",), ("folded",)],
    "unit_version": [("id",)],
    "unit_cost_centre": [("id",)],
    "vehicle": [("id",)],
    "policy": [("id",)],
    "factor_set": [("id",), ("name", "version")],
    "factor": [("id",), ("factor_set_id", "key")],
    "source": [("id",), ("name",)],
    "profile": [("id",), ("source_id", "version"), ("source_id", "sha256")],
    "batch": [("id",), ("undoes_id",)],
    "batch_page": [("id",), ("batch_id", "number")],
    "charge": [("id",), ("mirrors_id",), ("batch_id", "unit_id", "category", "rate_id", "booked_on", "is_amendment")],
    "trip_reversal": [("id",)],
    "trip": [("id",), ("source_id", "trip_id", "revision")],
    "quarantine": [("id",), ("batch_id", "row")],
    "quarantine_outcome": [("quarantine_id",)],
    "quarantine_correction": [("id",), ("quarantine_id", "batch_id")],
    "completeness_declaration": [("id",)],
    "voucher": [("id",), ("code",), ("series", "fiscal_year", "number"), ("hash",), ("previous_hash",),
                ("registered_at",), ("corrects_id",)],
    "lot": [("voucher_id",)],
    "posting": [("id",), ("voucher_id", "line"), ("charge_id",)],
    "measure": [("voucher_id",)],
    "unit_merger": [("unit_id",)],
    "application_round": [("id",), ("folded",)],
    "application_round_closing": [("round_id",)],
    "application": [("id",)],
    "application_score": [("id",)],
    "grant_step": [("id",), ("application_id", "number")],
    "period_event": [("id",)],
    "program": [("id",)],
    "registration": [("id",), ("table_name", "row_key"), ("previous_hash",), ("hash",)],
    "coding_plan": [("id",), ("version",)],
    "handover": [("id",)],
    "handover_voucher": [("voucher_id",)],
    "handover_file": [("id",), ("name",)],
    "handover_delivery": [("id",)],
}

# The voucher's row is its seal. It is accepted only as the next link of the chain, as the next number of its
# series and year, registered after the one before, over postings that sum to zero.
SEALS = {
    "voucher_is_next_in_chain": (
        "voucher", "NEW.id <> (SELECT coalesce(max(id), 0) + 1 FROM voucher)"),
    "voucher_is_next_in_series": (
        "voucher", "NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM voucher"
        " WHERE series = NEW.series AND fiscal_year = NEW.fiscal_year)"),
    "voucher_links_to_the_one_before": (
        "voucher", "NEW.previous_hash <> coalesce((SELECT hash FROM voucher WHERE id = NEW.id - 1),"
        " (SELECT nonce FROM book))"),
    "voucher_registered_after_the_one_before": (
        "voucher", "NEW.registered_at <= (SELECT registered_at FROM voucher WHERE id = NEW.id - 1)"),
    "registration_is_next_in_chain": (
        "registration", "NEW.id <> (SELECT coalesce(max(id), 0) + 1 FROM registration)"),
    "registration_links_to_the_one_before": (
        "registration", "NEW.previous_hash <> coalesce((SELECT hash FROM registration WHERE id = NEW.id - 1),"
        " (SELECT nonce FROM book))"),
    "voucher_sums_to_zero": (
        "voucher", "(SELECT count(*) < 2 OR sum(amount_ore) <> 0 FROM posting WHERE voucher_id = NEW.id)"),
    "voucher_in_an_open_month": (
        "voucher", "NEW.booked_on <= (SELECT closed_through FROM period_event ORDER BY id DESC LIMIT 1)"),
    # Months close one after the other and open again from the last.
    "period_event_is_next": (
        "period_event", "NEW.id <> (SELECT coalesce(max(id), 0) + 1 FROM period_event)"),
    "period_closes_in_order": (
        "period_event", "NEW.action = 'closed' AND (NEW.closed_through IS NOT date(NEW.month || '-01', '+1 month', '-1 day')"
        " OR NEW.month <> (SELECT strftime('%Y-%m', closed_through, '+1 day') FROM period_event ORDER BY id DESC LIMIT 1))"),
    "period_reopens_from_the_last": (
        "period_event", "NEW.action = 'reopened' AND (NEW.month IS NOT (SELECT substr(closed_through, 1, 7)"
        " FROM period_event ORDER BY id DESC LIMIT 1) OR NEW.closed_through >= NEW.month)"),
    "posting_before_its_seal": (
        "posting", "EXISTS (SELECT 1 FROM voucher WHERE id = NEW.voucher_id)"),
    "lot_before_its_seal": (
        "lot", "EXISTS (SELECT 1 FROM voucher WHERE id = NEW.voucher_id)"),
    "page_before_its_seal": (
        "batch_page", "EXISTS (SELECT 1 FROM batch WHERE id = NEW.batch_id)"),
    # Instead of a foreign key from each trip, which would cost more than the trip itself: one look at all of them.
    # Where a batch's charge lines have keys without a gap, as nearly always, no trip is joined with its line.
    "batch_seals_trips_of_its_own_charges": (
        "batch", "(SELECT CASE WHEN (SELECT max(id) - min(id) + 1 = count(*) FROM charge WHERE batch_id = NEW.id)"
        " THEN (SELECT count(*) FROM trip WHERE id BETWEEN page.first AND page.last AND charge_id BETWEEN"
        " (SELECT min(id) FROM charge WHERE batch_id = NEW.id) AND (SELECT max(id) FROM charge WHERE batch_id = NEW.id))"
        " ELSE (SELECT count(*) FROM trip t JOIN charge c ON c.id = t.charge_id AND c.batch_id = NEW.id"
        " WHERE t.id BETWEEN page.first AND page.last) END"
        " FROM (SELECT min(first_trip_id) AS first, max(last_trip_id) AS last FROM batch_page WHERE batch_id = NEW.id) page)"
        " <> NEW.rows_posted"),
    "trip_before_its_seal": (
        "trip", "EXISTS (SELECT 1 FROM charge c JOIN batch b ON b.id = c.batch_id WHERE c.id = NEW.charge_id)"),
    "quarantine_before_its_seal": (
        "quarantine", "EXISTS (SELECT 1 FROM batch WHERE id = NEW.batch_id)"),
    "quarantine_correction_before_its_seal": (
        "quarantine_correction", "EXISTS (SELECT 1 FROM batch WHERE id = NEW.batch_id)"),
    "cost_centre_before_its_seal": (
        "unit_cost_centre", "EXISTS (SELECT 1 FROM unit_version WHERE id = NEW.unit_version_id)"),
    "factor_before_its_seal": (
        "factor", "EXISTS (SELECT 1 FROM factor_set WHERE id = NEW.factor_set_id)"),
    "charge_before_its_seal": (
        "charge", "EXISTS (SELECT 1 FROM batch WHERE id = NEW.batch_id)"),
    "trip_reversal_before_its_seal": (
        "trip_reversal", "EXISTS (SELECT 1 FROM charge c JOIN batch b ON b.id = c.batch_id WHERE c.id = NEW.charge_id)"),
    # A trip is charged once or not at all.
    "trip_is_taken_back_or_restored_in_turn": (
        "trip_reversal", "(SELECT coalesce(sum(sign), 0) FROM trip_reversal WHERE trip_row_id = NEW.trip_row_id)"
        " + NEW.sign NOT IN (-1, 0)"),
    "measure_before_its_seal": (
        "measure", "EXISTS (SELECT 1 FROM voucher WHERE id = NEW.voucher_id)"),
    "step_follows_the_one_before": (
        "grant_step", "NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM grant_step"
        " WHERE application_id = NEW.application_id) OR NEW.state_before IS NOT (SELECT state FROM grant_step"
        " WHERE application_id = NEW.application_id AND number = NEW.number - 1) OR NEW.stepped_on <"
        " (SELECT stepped_on FROM grant_step WHERE application_id = NEW.application_id AND number = NEW.number - 1)"),
    "handed_over_before_its_seal": (
        "handover_voucher", "EXISTS (SELECT 1 FROM handover WHERE id = NEW.handover_id)"),
    "handover_file_before_its_seal": (
        "handover_file", "EXISTS (SELECT 1 FROM handover WHERE id = NEW.handover_id)"),
    "reservations_never_leave": (
        "handover_voucher", "EXISTS (SELECT 1 FROM voucher WHERE id = NEW.voucher_id AND series = 'R')"),
}

# What is taken is there, at the end of the day it is taken and of every later one. Asked once a voucher is in, and only
# of a voucher that takes something.
_TAKES = "EXISTS (SELECT 1 FROM posting WHERE voucher_id = NEW.id AND {takes})"
_RUNNING = (
    "SELECT sum(sum(p.amount_ore)) OVER (PARTITION BY {parts} ORDER BY v.booked_on) AS running"
    " FROM posting p JOIN voucher v ON v.id = p.voucher_id WHERE {of} GROUP BY {parts}, v.booked_on"
)
NEVER_OVERDRAWN = {
    # What a unit has of a lot (it moves in a merger), and what the fund got from it, of whichever unit.
    "lot_is_never_overdrawn": (
        "lot_id IS NOT NULL AND amount_ore > 0",
        "p.lot_id, p.account, CASE p.account WHEN 'own_funds' THEN p.unit_id END",
        "p.lot_id IN (SELECT lot_id FROM posting WHERE voucher_id = NEW.id AND lot_id IS NOT NULL AND amount_ore > 0)",
        "running > 0"),
    "debt_is_never_overfilled": (
        "account = 'own_funds' AND lot_id IS NULL AND amount_ore < 0",
        "p.unit_id",
        "p.account = 'own_funds' AND p.lot_id IS NULL AND p.unit_id IN"
        " (SELECT unit_id FROM posting WHERE voucher_id = NEW.id AND account = 'own_funds' AND lot_id IS NULL)",
        "running < 0"),
    "fund_is_never_overdrawn": (
        "account = 'fund_available' AND amount_ore > 0",
        "p.account", "p.account = 'fund_available'", "running > 0"),
    "grant_is_never_overpaid": (
        "account = 'fund_committed' AND amount_ore > 0",
        "v.application_id",
        "p.account = 'fund_committed' AND v.application_id IS (SELECT application_id FROM voucher WHERE id = NEW.id)",
        "running > 0"),
}


def guard_sqlite() -> None:
    for table, keys in NEVER_CHANGED.items():
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'KV-POSTED: {table} is never changed'); END"
            )
        exists = " OR ".join(
            f"EXISTS (SELECT 1 FROM {table} WHERE " + " AND ".join(f"{column} = NEW.{column}" for column in columns)
            + (" AND NEW.mirrors_id IS NULL AND mirrors_id IS NULL)" if "is_amendment" in columns else ")")
            for columns in keys
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {exists} "
            f"BEGIN SELECT RAISE(ABORT, 'KV-POSTED: {table} is never replaced'); END"
        )
    for name, (table, broken) in SEALS.items():
        op.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {broken} "
            f"BEGIN SELECT RAISE(ABORT, 'KV-SEAL: {name}'); END"
        )
    for name, (takes, parts, of, broken) in NEVER_OVERDRAWN.items():
        op.execute(
            f"CREATE TRIGGER {name} AFTER INSERT ON voucher WHEN {_TAKES.format(takes=takes)}"
            f" AND EXISTS (SELECT 1 FROM ({_RUNNING.format(parts=parts, of=of)}) WHERE {broken}) "
            f"BEGIN SELECT RAISE(ABORT, 'KV-OVERDRAWN: {name}'); END"
        )


def upgrade() -> None:
    op.create_table('book',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('organisation', TEXT, nullable=False),
        sa.Column('org_number', TEXT, nullable=True),
        sa.Column('nonce', TEXT, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.Column('program_version', TEXT, nullable=False),
        sa.CheckConstraint('id = 1', name='book_is_one'),
        sa.PrimaryKeyConstraint('id'),
        sqlite_strict=True
    )
    op.create_table('period_event',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('month', TEXT, nullable=False),
        sa.Column('action', TEXT, nullable=False),
        sa.Column('closed_through', TEXT, nullable=True),
        sa.Column('reason', TEXT, nullable=False),
        sa.Column('obstacles', TEXT, nullable=False),
        sa.Column('head', TEXT, nullable=False),
        sa.Column('vouchers', WHOLE, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.CheckConstraint("action IN ('closed', 'reopened')", name='period_action_known'),
        sa.PrimaryKeyConstraint('id'),
        sqlite_strict=True
    )
    op.create_table('program',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('version', TEXT, nullable=False),
        sa.Column('schema_revision', TEXT, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.PrimaryKeyConstraint('id'),
        sqlite_strict=True
    )
    op.create_table('registration',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('table_name', TEXT, nullable=False),
        sa.Column('row_key', WHOLE, nullable=False),
        sa.Column('row_sha256', TEXT, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('nonce', TEXT, nullable=False),
        sa.Column('previous_hash', TEXT, nullable=False),
        sa.Column('hash', TEXT, nullable=False),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('hash'),
        sa.UniqueConstraint('previous_hash'),
        sa.UniqueConstraint('table_name', 'row_key', name='registered_once'),
        sqlite_strict=True
    )
    op.create_table('factor_set',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('name', TEXT, nullable=False),
        sa.Column('version', TEXT, nullable=False),
        sa.Column('title', TEXT, nullable=False),
        sa.Column('content', TEXT, nullable=False),
        sa.Column('sha256', TEXT, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('name', 'version', name='factor_set_once'),
        sqlite_strict=True
    )
    op.create_table('policy',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('name', TEXT, nullable=False),
        sa.Column('value', TEXT, nullable=False),
        sa.Column('valid_from', TEXT, nullable=False),
        sa.Column('decision', TEXT, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.PrimaryKeyConstraint('id'),
        sqlite_strict=True
    )
    op.create_index(op.f('ix_policy_name'), 'policy', ['name'], unique=False)
    op.create_table('source',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('name', TEXT, nullable=False),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('name'),
        sqlite_strict=True
    )
    op.create_table('unit',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('code', TEXT, nullable=False),
        sa.Column('folded', TEXT, nullable=False),
        sa.Column('kind', TEXT, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.CheckConstraint("kind IN ('administration', 'company')", name='unit_kind_known'),
        sa.CheckConstraint('length(code) BETWEEN 1 AND 20', name='unit_code_length'),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('code'),
        sa.UniqueConstraint('folded'),
        sqlite_strict=True
    )
    op.create_table('factor',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('factor_set_id', WHOLE, nullable=False),
        sa.Column('key', TEXT, nullable=False),
        sa.Column('measure', TEXT, nullable=False),
        sa.Column('unit', TEXT, nullable=False),
        sa.Column('g_per_unit', TEXT, nullable=False),
        sa.Column('source', TEXT, nullable=False),
        sa.Column('confidence', TEXT, nullable=False),
        sa.ForeignKeyConstraint(['factor_set_id'], ['factor_set.id'], initially='DEFERRED', deferrable=True),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('factor_set_id', 'key', name='factor_once'),
        sqlite_strict=True
    )
    op.create_table('profile',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('source_id', WHOLE, nullable=False),
        sa.Column('version', WHOLE, nullable=False),
        sa.Column('content', TEXT, nullable=False),
        sa.Column('sha256', TEXT, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.ForeignKeyConstraint(['source_id'], ['source.id'], ),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('source_id', 'sha256', name='profile_text_once'),
        sa.UniqueConstraint('source_id', 'version', name='profile_version_once'),
        sqlite_strict=True
    )
    op.create_table('unit_version',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('unit_id', WHOLE, nullable=False),
        sa.Column('valid_from', TEXT, nullable=False),
        sa.Column('valid_to', TEXT, nullable=True),
        sa.Column('name', TEXT, nullable=False),
        sa.Column('org_number', TEXT, nullable=True),
        sa.Column('counterpart', TEXT, nullable=True),
        sa.Column('full_time_tenths', WHOLE, nullable=True),
        sa.CheckConstraint('full_time_tenths > 0', name='full_time_positive'),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], ),
        sa.PrimaryKeyConstraint('id'),
        sqlite_strict=True
    )
    op.create_index(op.f('ix_unit_version_unit_id'), 'unit_version', ['unit_id'], unique=False)
    op.create_table('vehicle',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('number', TEXT, nullable=False),
        sa.Column('cards', TEXT, nullable=False),
        sa.Column('unit', TEXT, nullable=False),
        sa.Column('category', TEXT, nullable=False),
        sa.Column('fuel', TEXT, nullable=False),
        sa.Column('cost_centre', TEXT, nullable=False),
        sa.Column('outside_reason', TEXT, nullable=False),
        sa.Column('charged_by', TEXT, nullable=False),
        sa.Column('tank_l', WHOLE, nullable=True),
        sa.Column('valid_from', TEXT, nullable=False),
        sa.Column('valid_to', TEXT, nullable=True),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.CheckConstraint("outside_reason <> '' OR (unit <> '' AND category <> '')", name='vehicle_is_charged_or_outside'),
        sa.CheckConstraint('length(number) BETWEEN 2 AND 30', name='vehicle_number_length'),
        sa.CheckConstraint('tank_l IS NULL OR tank_l > 0', name='vehicle_tank_holds_something'),
        sa.CheckConstraint('valid_to IS NULL OR valid_to >= valid_from', name='vehicle_begins_before_it_ends'),
        sa.PrimaryKeyConstraint('id'),
        sqlite_strict=True
    )
    op.create_index(op.f('ix_vehicle_number'), 'vehicle', ['number'], unique=False)
    op.create_table('batch',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('source_id', WHOLE, nullable=False),
        sa.Column('profile_id', WHOLE, nullable=False),
        sa.Column('file_name', TEXT, nullable=False),
        sa.Column('file_sha256', TEXT, nullable=False),
        sa.Column('file_bytes', WHOLE, nullable=False),
        sa.Column('rows_read', WHOLE, nullable=False),
        sa.Column('rows_posted', WHOLE, nullable=False),
        sa.Column('rows_already_imported', WHOLE, nullable=False),
        sa.Column('rows_outside_scheme', WHOLE, nullable=False),
        sa.Column('rows_rejected', WHOLE, nullable=False),
        sa.Column('rows_held', WHOLE, nullable=False),
        sa.Column('co2_g', WHOLE, nullable=False),
        sa.Column('charged_ore', WHOLE, nullable=False),
        sa.Column('trips_sha256', TEXT, nullable=False),
        sa.Column('reversals_sha256', TEXT, nullable=False),
        sa.Column('undoes_id', WHOLE, nullable=True),
        sa.Column('reason', TEXT, nullable=False),
        sa.Column('sha256', TEXT, nullable=False),
        sa.Column('evidence', TEXT, nullable=False),
        sa.Column('accepted', TEXT, nullable=False),
        sa.Column('outside', TEXT, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.Column('program_version', TEXT, nullable=False),
        sa.CheckConstraint('rows_read = rows_posted + rows_already_imported + rows_outside_scheme + rows_rejected + rows_held', name='batch_rows_add_up'),
        sa.ForeignKeyConstraint(['profile_id'], ['profile.id'], ),
        sa.ForeignKeyConstraint(['source_id'], ['source.id'], ),
        sa.ForeignKeyConstraint(['undoes_id'], ['batch.id'], ),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('undoes_id'),
        sqlite_strict=True
    )
    op.create_table('unit_cost_centre',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('unit_version_id', WHOLE, nullable=False),
        sa.Column('code', TEXT, nullable=False),
        sa.Column('is_prefix', WHOLE, nullable=False),
        sa.CheckConstraint('is_prefix IN (0, 1)', name='cost_centre_prefix_flag'),
        sa.ForeignKeyConstraint(['unit_version_id'], ['unit_version.id'], initially='DEFERRED', deferrable=True),
        sa.PrimaryKeyConstraint('id'),
        sqlite_strict=True
    )
    op.create_index(op.f('ix_unit_cost_centre_unit_version_id'), 'unit_cost_centre', ['unit_version_id'], unique=False)
    op.create_table('batch_page',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('batch_id', WHOLE, nullable=False),
        sa.Column('number', WHOLE, nullable=False),
        sa.Column('first_trip_id', WHOLE, nullable=False),
        sa.Column('last_trip_id', WHOLE, nullable=False),
        sa.Column('content', TEXT, nullable=False),
        sa.Column('sha256', TEXT, nullable=False),
        sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], initially='DEFERRED', deferrable=True),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('batch_id', 'number', name='page_number_once'),
        sqlite_strict=True
    )
    op.create_index(op.f('ix_batch_page_first_trip_id'), 'batch_page', ['first_trip_id'], unique=False)
    op.create_table('charge',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('batch_id', WHOLE, nullable=False),
        sa.Column('unit_id', WHOLE, nullable=False),
        sa.Column('category', TEXT, nullable=False),
        sa.Column('rate_id', WHOLE, nullable=False),
        sa.Column('booked_on', TEXT, nullable=False),
        sa.Column('is_amendment', WHOLE, nullable=False),
        sa.Column('mirrors_id', WHOLE, nullable=True),
        sa.CheckConstraint('is_amendment IN (0, 1)', name='charge_amendment_flag'),
        sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], initially='DEFERRED', deferrable=True),
        sa.ForeignKeyConstraint(['mirrors_id'], ['charge.id'], ),
        sa.ForeignKeyConstraint(['rate_id'], ['policy.id'], ),
        sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], ),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('mirrors_id'),
        sqlite_strict=True
    )
    op.create_index(op.f('ix_charge_batch_id'), 'charge', ['batch_id'], unique=False)
    op.create_index('charge_once', 'charge', ['batch_id', 'unit_id', 'category', 'rate_id', 'booked_on', 'is_amendment'], unique=True, sqlite_where=sa.text('mirrors_id IS NULL'), postgresql_where=sa.text('mirrors_id IS NULL'))
    op.create_table('quarantine',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('batch_id', WHOLE, nullable=False),
        sa.Column('row', WHOLE, nullable=False),
        sa.Column('trip_id', TEXT, nullable=False),
        sa.Column('header', TEXT, nullable=False),
        sa.Column('cells', TEXT, nullable=False),
        sa.Column('complaints', TEXT, nullable=False),
        sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], initially='DEFERRED', deferrable=True),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('batch_id', 'row', name='quarantine_row_once'),
        sqlite_strict=True
    )
    op.create_table('application_round',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('name', TEXT, nullable=False),
        sa.Column('folded', TEXT, nullable=False),
        sa.Column('opens_on', TEXT, nullable=False),
        sa.Column('closes_on', TEXT, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.CheckConstraint('opens_on <= closes_on', name='round_forwards'),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('folded'),
        sqlite_strict=True
    )
    op.create_table('application_round_closing',
        sa.Column('round_id', WHOLE, nullable=False),
        sa.Column('closed_on', TEXT, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.ForeignKeyConstraint(['round_id'], ['application_round.id'], ),
        sa.PrimaryKeyConstraint('round_id'),
        sqlite_strict=True
    )
    op.create_table('application',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('unit_id', WHOLE, nullable=False),
        sa.Column('title', TEXT, nullable=False),
        sa.Column('requested_ore', WHOLE, nullable=False),
        sa.Column('total_cost_ore', WHOLE, nullable=False),
        sa.Column('co2_reduction_g', WHOLE, nullable=False),
        sa.Column('lifetime_years', WHOLE, nullable=False),
        sa.Column('applied_on', TEXT, nullable=False),
        sa.Column('focus_area', TEXT, nullable=False),
        sa.Column('description', TEXT, nullable=False),
        sa.Column('registration_number', TEXT, nullable=False),
        sa.Column('round_id', WHOLE, nullable=True),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.CheckConstraint('requested_ore > 0 AND requested_ore <= total_cost_ore', name='application_amounts'),
        sa.CheckConstraint('co2_reduction_g >= 0 AND lifetime_years > 0', name='application_benefit'),
        sa.ForeignKeyConstraint(['round_id'], ['application_round.id'], ),
        sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], ),
        sa.PrimaryKeyConstraint('id'),
        sqlite_strict=True
    )
    op.create_index(op.f('ix_application_unit_id'), 'application', ['unit_id'], unique=False)
    op.create_table('application_score',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('application_id', WHOLE, nullable=False),
        sa.Column('criterion', TEXT, nullable=False),
        sa.Column('points', WHOLE, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.CheckConstraint('points BETWEEN 0 AND 10', name='score_points'),
        sa.ForeignKeyConstraint(['application_id'], ['application.id'], ),
        sa.PrimaryKeyConstraint('id'),
        sqlite_strict=True
    )
    op.create_index(op.f('ix_application_score_application_id'), 'application_score', ['application_id'], unique=False)
    op.create_table('grant_step',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('application_id', WHOLE, nullable=False),
        sa.Column('number', WHOLE, nullable=False),
        sa.Column('state_before', TEXT, nullable=True),
        sa.Column('state', TEXT, nullable=False),
        sa.Column('stepped_on', TEXT, nullable=False),
        sa.Column('amount_ore', WHOLE, nullable=True),
        sa.Column('decision', TEXT, nullable=False),
        sa.Column('reason', TEXT, nullable=False),
        sa.Column('conditions', TEXT, nullable=False),
        sa.Column('report_by', TEXT, nullable=True),
        sa.Column('actual_cost_ore', WHOLE, nullable=True),
        sa.Column('co2_reduction_g', WHOLE, nullable=True),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.CheckConstraint("coalesce(state_before, '') || '>' || state IN ('>submitted', 'submitted>approved', 'submitted>rejected', 'submitted>withdrawn', 'approved>paying', 'approved>withdrawn', 'approved>reported', 'paying>paying', 'paying>reported')", name='step_allowed'),
        sa.ForeignKeyConstraint(['application_id'], ['application.id'], ),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('application_id', 'number', name='step_once'),
        sqlite_strict=True
    )
    op.create_table('voucher',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('code', TEXT, nullable=False),
        sa.Column('series', TEXT, nullable=False),
        sa.Column('fiscal_year', WHOLE, nullable=False),
        sa.Column('number', WHOLE, nullable=False),
        sa.Column('booked_on', TEXT, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('event', TEXT, nullable=False),
        sa.Column('description', TEXT, nullable=False),
        sa.Column('made_by', TEXT, nullable=False),
        sa.Column('evidence', TEXT, nullable=False),
        sa.Column('corrects_id', WHOLE, nullable=True),
        sa.Column('batch_id', WHOLE, nullable=True),
        sa.Column('batch_sha256', TEXT, nullable=True),
        sa.Column('application_id', WHOLE, nullable=True),
        sa.Column('nonce', TEXT, nullable=False),
        sa.Column('previous_hash', TEXT, nullable=False),
        sa.Column('hash', TEXT, nullable=False),
        sa.CheckConstraint("series IN ('A', 'B', 'R')", name='voucher_series_known'),
        sa.CheckConstraint('length(booked_on) = 10', name='voucher_booked_on_is_date'),
        sa.CheckConstraint('substr(booked_on, 1, 4) = CAST(fiscal_year AS TEXT)', name='voucher_in_its_year'),
        sa.ForeignKeyConstraint(['application_id'], ['application.id'], ),
        sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], ),
        sa.ForeignKeyConstraint(['corrects_id'], ['voucher.id'], ),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('code'),
        sa.UniqueConstraint('corrects_id'),
        sa.UniqueConstraint('hash'),
        sa.UniqueConstraint('previous_hash'),
        sa.UniqueConstraint('registered_at'),
        sa.UniqueConstraint('series', 'fiscal_year', 'number', name='voucher_number_once'),
        sqlite_strict=True
    )
    op.create_index(op.f('ix_voucher_application_id'), 'voucher', ['application_id'], unique=False)
    op.create_index(op.f('ix_voucher_booked_on'), 'voucher', ['booked_on'], unique=False)
    op.create_table('unit_merger',
        sa.Column('unit_id', WHOLE, nullable=False),
        sa.Column('into_id', WHOLE, nullable=False),
        sa.Column('merged_on', TEXT, nullable=False),
        sa.Column('decision', TEXT, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.CheckConstraint('unit_id <> into_id', name='merger_of_two'),
        sa.ForeignKeyConstraint(['into_id'], ['unit.id'], ),
        sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], ),
        sa.PrimaryKeyConstraint('unit_id'),
        sqlite_strict=True
    )
    op.create_table('measure',
        sa.Column('voucher_id', WHOLE, nullable=False),
        sa.Column('unit_id', WHOLE, nullable=False),
        sa.Column('title', TEXT, nullable=False),
        sa.Column('focus_area', TEXT, nullable=False),
        sa.Column('co2_reduction_g', WHOLE, nullable=True),
        sa.Column('reference', TEXT, nullable=False),
        sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], ),
        sa.ForeignKeyConstraint(['voucher_id'], ['voucher.id'], initially='DEFERRED', deferrable=True),
        sa.PrimaryKeyConstraint('voucher_id'),
        sqlite_strict=True
    )
    op.create_index(op.f('ix_measure_unit_id'), 'measure', ['unit_id'], unique=False)
    op.create_table('lot',
        sa.Column('voucher_id', WHOLE, nullable=False),
        sa.Column('unit_id', WHOLE, nullable=False),
        sa.Column('lot_on', TEXT, nullable=False),
        sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], ),
        sa.ForeignKeyConstraint(['voucher_id'], ['voucher.id'], initially='DEFERRED', deferrable=True),
        sa.PrimaryKeyConstraint('voucher_id'),
        sqlite_strict=True
    )
    op.create_index(op.f('ix_lot_unit_id'), 'lot', ['unit_id'], unique=False)
    op.create_table('quarantine_outcome',
        sa.Column('quarantine_id', WHOLE, nullable=False),
        sa.Column('reason', TEXT, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.ForeignKeyConstraint(['quarantine_id'], ['quarantine.id'], ),
        sa.PrimaryKeyConstraint('quarantine_id'),
        sqlite_strict=True
    )
    op.create_table('quarantine_correction',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('quarantine_id', WHOLE, nullable=False),
        sa.Column('batch_id', WHOLE, nullable=False),
        sa.Column('trip_id', TEXT, nullable=False),
        sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], initially='DEFERRED', deferrable=True),
        sa.ForeignKeyConstraint(['quarantine_id'], ['quarantine.id'], ),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('quarantine_id', 'batch_id', name='quarantine_correction_once'),
        sqlite_strict=True
    )
    op.create_table('completeness_declaration',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('source_id', WHOLE, nullable=False),
        sa.Column('unit_id', WHOLE, nullable=True),
        sa.Column('period', TEXT, nullable=False),
        sa.Column('state', TEXT, nullable=False),
        sa.Column('reason', TEXT, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.CheckConstraint("state IN ('empty', 'late')", name='declaration_state_known'),
        sa.CheckConstraint('length(period) = 7', name='declaration_period_is_month'),
        sa.ForeignKeyConstraint(['source_id'], ['source.id'], ),
        sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], ),
        sa.PrimaryKeyConstraint('id'),
        sqlite_strict=True
    )
    op.create_table('trip',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('source_id', WHOLE, nullable=False),
        sa.Column('trip_id', TEXT, nullable=False),
        sa.Column('revision', WHOLE, nullable=False),
        sa.Column('charge_id', WHOLE, nullable=False),
        sa.Column('row', WHOLE, nullable=False),
        sa.Column('trip_on', TEXT, nullable=False),
        sa.Column('tier', WHOLE, nullable=False),
        sa.Column('quantity', TEXT, nullable=False),
        sa.Column('factor_id', WHOLE, nullable=True),
        sa.Column('co2_g', WHOLE, nullable=False),
        sa.Column('co2_under_500_km_g', WHOLE, nullable=True),
        sa.Column('cost_centre', TEXT, nullable=False),
        sa.Column('project', TEXT, nullable=False),
        sa.CheckConstraint('tier BETWEEN 1 AND 4', name='trip_tier_known'),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('source_id', 'trip_id', 'revision', name='trip_once'),
        sqlite_strict=True
    )
    op.create_table('trip_reversal',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('trip_row_id', WHOLE, nullable=False),
        sa.Column('charge_id', WHOLE, nullable=False),
        sa.Column('sign', WHOLE, nullable=False),
        sa.CheckConstraint('sign IN (-1, 1)', name='trip_reversal_sign'),
        sa.ForeignKeyConstraint(['charge_id'], ['charge.id'], ),
        sa.ForeignKeyConstraint(['trip_row_id'], ['trip.id'], ),
        sa.PrimaryKeyConstraint('id'),
        sqlite_strict=True
    )
    op.create_index(op.f('ix_trip_reversal_charge_id'), 'trip_reversal', ['charge_id'], unique=False)
    op.create_index(op.f('ix_trip_reversal_trip_row_id'), 'trip_reversal', ['trip_row_id'], unique=False)
    op.execute(
        "CREATE VIEW trip_effect AS SELECT id AS trip_row_id, charge_id, 1 AS sign, co2_g FROM trip UNION ALL"
        " SELECT r.trip_row_id, r.charge_id, r.sign, r.sign * t.co2_g FROM trip_reversal r JOIN trip t ON t.id = r.trip_row_id"
    )
    op.create_table('posting',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('voucher_id', WHOLE, nullable=False),
        sa.Column('line', WHOLE, nullable=False),
        sa.Column('account', TEXT, nullable=False),
        sa.Column('unit_id', WHOLE, nullable=True),
        sa.Column('lot_id', WHOLE, nullable=True),
        sa.Column('charge_id', WHOLE, nullable=True),
        sa.Column('amount_ore', WHOLE, nullable=False),
        sa.Column('co2_g', WHOLE, nullable=True),
        sa.CheckConstraint('co2_g IS NULL OR charge_id IS NOT NULL', name='posting_co2_has_charge'),
        sa.ForeignKeyConstraint(['charge_id'], ['charge.id'], ),
        sa.ForeignKeyConstraint(['lot_id'], ['lot.voucher_id'], ),
        sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], ),
        sa.ForeignKeyConstraint(['voucher_id'], ['voucher.id'], initially='DEFERRED', deferrable=True),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('charge_id'),
        sa.UniqueConstraint('voucher_id', 'line', name='posting_line_once'),
        sqlite_strict=True
    )
    op.create_index(op.f('ix_posting_lot_id'), 'posting', ['lot_id'], unique=False)
    op.create_index(op.f('ix_posting_unit_id'), 'posting', ['unit_id'], unique=False)
    op.create_table('coding_plan',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('version', TEXT, nullable=False),
        sa.Column('title', TEXT, nullable=False),
        sa.Column('valid_from', TEXT, nullable=False),
        sa.Column('decision', TEXT, nullable=False),
        sa.Column('content', TEXT, nullable=False),
        sa.Column('sha256', TEXT, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('version'),
        sqlite_strict=True
    )
    op.create_table('handover',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('period', TEXT, nullable=False),
        sa.Column('head', TEXT, nullable=False),
        sa.Column('program_version', TEXT, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.CheckConstraint('length(period) = 7', name='handover_period_is_month'),
        sa.PrimaryKeyConstraint('id'),
        sqlite_strict=True
    )
    op.create_table('handover_voucher',
        sa.Column('voucher_id', WHOLE, nullable=False),
        sa.Column('handover_id', WHOLE, nullable=False),
        sa.ForeignKeyConstraint(['handover_id'], ['handover.id'], initially='DEFERRED', deferrable=True),
        sa.ForeignKeyConstraint(['voucher_id'], ['voucher.id'], ),
        sa.PrimaryKeyConstraint('voucher_id'),
        sqlite_strict=True
    )
    op.create_index(op.f('ix_handover_voucher_handover_id'), 'handover_voucher', ['handover_id'], unique=False)
    op.create_table('handover_file',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('handover_id', WHOLE, nullable=False),
        sa.Column('name', TEXT, nullable=False),
        sa.Column('content', sa.LargeBinary(), nullable=False),
        sa.Column('sha256', TEXT, nullable=False),
        sa.Column('size_bytes', WHOLE, nullable=False),
        sa.ForeignKeyConstraint(['handover_id'], ['handover.id'], initially='DEFERRED', deferrable=True),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('name', name='handover_file_once'),
        sqlite_strict=True
    )
    op.create_index(op.f('ix_handover_file_handover_id'), 'handover_file', ['handover_id'], unique=False)
    op.create_table('handover_delivery',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('handover_id', WHOLE, nullable=False),
        sa.Column('folder', TEXT, nullable=False),
        sa.Column('delivered_at', TEXT, nullable=False),
        sa.Column('delivered_by', TEXT, nullable=False),
        sa.ForeignKeyConstraint(['handover_id'], ['handover.id'], ),
        sa.PrimaryKeyConstraint('id'),
        sqlite_strict=True
    )
    op.create_index(op.f('ix_handover_delivery_handover_id'), 'handover_delivery', ['handover_id'], unique=False)
    op.create_table('access',
        sa.Column('id', WHOLE, nullable=False),
        sa.Column('login', TEXT, nullable=False),
        sa.Column('role', TEXT, nullable=False),
        sa.Column('unit_ids', TEXT, nullable=False),
        sa.Column('registered_at', TEXT, nullable=False),
        sa.Column('registered_by', TEXT, nullable=False),
        sa.CheckConstraint("role IN ('finance', 'committee', 'unit', 'auditor', '')", name='access_role_known'),
        sa.CheckConstraint("(role = 'unit') = (unit_ids <> '')", name='access_units_of_a_unit'),
        sa.PrimaryKeyConstraint('id'),
        sqlite_strict=True
    )
    op.create_index(op.f('ix_access_login'), 'access', ['login'], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        guard_sqlite()


def downgrade() -> None:
    op.drop_index(op.f('ix_access_login'), table_name='access')
    op.drop_table('access')
    op.drop_index(op.f('ix_handover_delivery_handover_id'), table_name='handover_delivery')
    op.drop_table('handover_delivery')
    op.drop_index(op.f('ix_handover_file_handover_id'), table_name='handover_file')
    op.drop_table('handover_file')
    op.drop_index(op.f('ix_handover_voucher_handover_id'), table_name='handover_voucher')
    op.drop_table('handover_voucher')
    op.drop_table('handover')
    op.drop_table('coding_plan')
    op.drop_index(op.f('ix_posting_unit_id'), table_name='posting')
    op.drop_index(op.f('ix_posting_lot_id'), table_name='posting')
    op.drop_table('posting')
    op.execute("DROP VIEW trip_effect")
    op.drop_index(op.f('ix_trip_reversal_trip_row_id'), table_name='trip_reversal')
    op.drop_index(op.f('ix_trip_reversal_charge_id'), table_name='trip_reversal')
    op.drop_table('trip_reversal')
    op.drop_table('trip')
    op.drop_table('completeness_declaration')
    op.drop_table('quarantine_correction')
    op.drop_table('quarantine_outcome')
    op.drop_index(op.f('ix_lot_unit_id'), table_name='lot')
    op.drop_table('lot')
    op.drop_index(op.f('ix_measure_unit_id'), table_name='measure')
    op.drop_table('measure')
    op.drop_table('unit_merger')
    op.drop_index(op.f('ix_voucher_booked_on'), table_name='voucher')
    op.drop_index(op.f('ix_voucher_application_id'), table_name='voucher')
    op.drop_table('voucher')
    op.drop_table('grant_step')
    op.drop_index(op.f('ix_application_score_application_id'), table_name='application_score')
    op.drop_table('application_score')
    op.drop_index(op.f('ix_application_unit_id'), table_name='application')
    op.drop_table('application')
    op.drop_table('application_round_closing')
    op.drop_table('application_round')
    op.drop_table('quarantine')
    op.drop_index('charge_once', table_name='charge')
    op.drop_index(op.f('ix_charge_batch_id'), table_name='charge')
    op.drop_table('charge')
    op.drop_index(op.f('ix_batch_page_first_trip_id'), table_name='batch_page')
    op.drop_table('batch_page')
    op.drop_index(op.f('ix_unit_cost_centre_unit_version_id'), table_name='unit_cost_centre')
    op.drop_table('unit_cost_centre')
    op.drop_table('batch')
    op.drop_index(op.f('ix_vehicle_number'), table_name='vehicle')
    op.drop_table('vehicle')
    op.drop_index(op.f('ix_unit_version_unit_id'), table_name='unit_version')
    op.drop_table('unit_version')
    op.drop_table('profile')
    op.drop_table('factor')
    op.drop_table('unit')
    op.drop_table('source')
    op.drop_index(op.f('ix_policy_name'), table_name='policy')
    op.drop_table('policy')
    op.drop_table('factor_set')
    op.drop_table('registration')
    op.drop_table('program')
    op.drop_table('period_event')
    op.drop_table('book')
