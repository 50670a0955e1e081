"""Many people at once: who may do what; and on a server the guards, the door rows come in by, and who sees what."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROLES = ("finance", "committee", "unit", "auditor")

# The seals of the books, as the first version has them for SQLite. Each is a condition on a new row that breaks it.
MONTH_END = "to_char((NEW.month || '-01')::date + interval '1 month' - interval '1 day', 'YYYY-MM-DD')"
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
    # Who may write a few tables only still writes links of the one chain: none but a true one comes in, and none of what
    # is sealed by a voucher or a batch.
    "registration_is_true": (
        "registration", "NOT is_of_the_books(NEW.table_name) OR NEW.table_name IN ('posting', 'lot', 'charge', 'trip',"
        " 'batch_page', 'trip_reversal', 'quarantine', 'registration') OR NEW.hash <> sha256_of(to_jsonb(NEW) - 'hash')"
        " OR NEW.row_sha256 <> coalesce(sha256_of_row(NEW.table_name, NEW.row_key), '')"),
    "voucher_sums_to_zero": (
        "voucher", "(SELECT count(*) < 2 OR sum(amount_ore) <> 0 FROM posting WHERE voucher_id = NEW.id)"),
    "voucher_in_an_open_month": (
        "voucher", "NEW.booked_on <= (SELECT closed_through FROM period_event ORDER BY id DESC LIMIT 1)"),
    "period_event_is_next": (
        "period_event", "NEW.id <> (SELECT coalesce(max(id), 0) + 1 FROM period_event)"),
    "period_closes_in_order": (
        "period_event", f"NEW.action = 'closed' AND (NEW.closed_through IS DISTINCT FROM {MONTH_END}"
        " OR NEW.month <> (SELECT to_char(closed_through::date + 1, 'YYYY-MM') FROM period_event ORDER BY id DESC LIMIT 1))"),
    "period_reopens_from_the_last": (
        "period_event", "NEW.action = 'reopened' AND (NEW.month IS DISTINCT FROM (SELECT substr(closed_through, 1, 7)"
        " FROM period_event ORDER BY id DESC LIMIT 1) OR NEW.closed_through >= NEW.month)"),
    "posting_before_its_seal": (
        "posting", "EXISTS (SELECT 1 FROM voucher WHERE id = NEW.voucher_id)"),
    "lot_before_its_seal": (
        "lot", "EXISTS (SELECT 1 FROM voucher WHERE id = NEW.voucher_id)"),
    "page_before_its_seal": (
        "batch_page", "EXISTS (SELECT 1 FROM batch WHERE id = NEW.batch_id)"),
    "batch_seals_trips_of_its_own_charges": (
        "batch", "(SELECT count(*) FROM trip t JOIN charge c ON c.id = t.charge_id AND c.batch_id = NEW.id"
        " WHERE t.id BETWEEN (SELECT min(first_trip_id) FROM batch_page WHERE batch_id = NEW.id)"
        " AND (SELECT max(last_trip_id) FROM batch_page WHERE batch_id = NEW.id)) <> NEW.rows_posted"),
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
    "trip_is_taken_back_or_restored_in_turn": (
        "trip_reversal", "(SELECT coalesce(sum(sign), 0) FROM trip_reversal WHERE trip_row_id = NEW.trip_row_id)"
        " + NEW.sign NOT IN (-1, 0)"),
    "measure_before_its_seal": (
        "measure", "EXISTS (SELECT 1 FROM voucher WHERE id = NEW.voucher_id)"),
    # On the day of the step; who changes the rule is on record.
    "approved_by_another": (
        "grant_step", "NEW.state = 'approved' AND (SELECT value FROM policy WHERE name = 'require_second_person'"
        " AND valid_from <= substr(NEW.registered_at, 1, 10) ORDER BY valid_from DESC, id DESC LIMIT 1) = 'on'"
        " AND EXISTS (SELECT 1 FROM application WHERE id = NEW.application_id AND registered_by = NEW.registered_by)"),
    "step_follows_the_one_before": (
        "grant_step", "NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM grant_step"
        " WHERE application_id = NEW.application_id) OR NEW.state_before IS DISTINCT FROM (SELECT state FROM grant_step"
        " WHERE application_id = NEW.application_id AND number = NEW.number - 1) OR NEW.stepped_on <"
        " (SELECT stepped_on FROM grant_step WHERE application_id = NEW.application_id AND number = NEW.number - 1)"),
    "handed_over_before_its_seal": (
        "handover_voucher", "EXISTS (SELECT 1 FROM handover WHERE id = NEW.handover_id)"),
    "handover_file_before_its_seal": (
        "handover_file", "EXISTS (SELECT 1 FROM handover WHERE id = NEW.handover_id)"),
    "reservations_never_leave": (
        "handover_voucher", "EXISTS (SELECT 1 FROM voucher WHERE id = NEW.voucher_id AND series = 'R')"),
}  # fmt: skip
# Asked once for all trips of a statement.
TRIPS_BEFORE_THEIR_SEAL = (
    "EXISTS (SELECT 1 FROM (SELECT DISTINCT charge_id FROM arrived) a JOIN charge c ON c.id = a.charge_id"
    " JOIN batch b ON b.id = c.batch_id)"
)
_RUNNING = (
    "SELECT sum(sum(p.amount_ore)) OVER (PARTITION BY {parts} ORDER BY v.booked_on) AS running"
    " FROM posting p JOIN voucher v ON v.id = p.voucher_id WHERE {of} GROUP BY {parts}, v.booked_on"
)
NEVER_OVERDRAWN = {
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
        "p.account = 'fund_committed' AND v.application_id IS NOT DISTINCT FROM"
        " (SELECT application_id FROM voucher WHERE id = NEW.id)",
        "running > 0"),
}  # fmt: skip


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _guard()
        _open_the_door()
        _show_to_each_their_own()


# PostgreSQL


def _tables() -> list[str]:
    return sorted(set(sa.inspect(op.get_bind()).get_table_names()) - {"alembic_version", "trip_arriving"})


def _schema() -> str:
    return str(op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one())


def _execute(statements: str) -> None:
    """Statements as they stand: what looks like a parameter is none."""
    op.get_bind().connection.driver_connection.execute(statements)


def _guarded_by(name: str, broken: str, told: str) -> None:
    """A trigger function that refuses what is `broken`."""
    _execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path = {_schema()}, pg_temp AS $$"
        f" BEGIN IF {broken} THEN RAISE EXCEPTION '{told}: {name}' USING ERRCODE = 'integrity_constraint_violation';"
        " END IF; RETURN NEW; END $$"
    )


def _guard() -> None:
    """What is registered is never changed, and only what follows from what stands before it is taken in."""
    _execute(
        "CREATE FUNCTION never_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'KV-POSTED: % is never changed', TG_TABLE_NAME"
        " USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in _tables():
        # The one writer gives out the keys: no sequence, so none can have a gap or run ahead.
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {_key_of(table)} DROP DEFAULT")
        op.execute(f"DROP SEQUENCE IF EXISTS {table}_{_key_of(table)}_seq")
        op.execute(
            f"CREATE TRIGGER {table}_never_changed BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION never_changed()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION never_changed()"
        )
    _execute(DIGESTS.replace("{schema}", _schema()))
    for name, (table, broken) in SEALS.items():
        _guarded_by(name, broken, "KV-SEAL")
        op.execute(f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    _guarded_by("trip_before_its_seal", TRIPS_BEFORE_THEIR_SEAL, "KV-SEAL")
    op.execute(
        "CREATE TRIGGER trip_before_its_seal AFTER INSERT ON trip REFERENCING NEW TABLE AS arrived"
        " FOR EACH STATEMENT EXECUTE FUNCTION trip_before_its_seal()"
    )
    for name, (takes, parts, of, broken) in NEVER_OVERDRAWN.items():
        taken = f"EXISTS (SELECT 1 FROM posting WHERE voucher_id = NEW.id AND {takes})"
        running = _RUNNING.format(parts=parts, of=of)
        _guarded_by(name, f"{taken} AND EXISTS (SELECT 1 FROM ({running}) days WHERE {broken})", "KV-OVERDRAWN")
        op.execute(f"CREATE TRIGGER {name} AFTER INSERT ON voucher FOR EACH ROW EXECUTE FUNCTION {name}()")


def _key_of(table: str) -> str:
    return str(sa.inspect(op.get_bind()).get_pk_constraint(table)["constrained_columns"][0])


# What may be registered at all; and the digest of a row and of a link, as docs/chain.md describes them: JSON with sorted names and no spaces.
DIGESTS = """
-- What the books consist of is never changed; the version of the schema, and what stands beside the books, is no part.
CREATE FUNCTION is_of_the_books(target text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = {schema}, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = to_regclass(quote_ident(target))
    AND tgname = target || '_never_changed')
$$;

CREATE FUNCTION sha256_of(given jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = {schema}, pg_temp AS $$
  SELECT encode(sha256(convert_to('{' || string_agg(to_json(key)::text || ':' || value::text, ',' ORDER BY key COLLATE "C")
    || '}', 'UTF8')), 'hex') FROM jsonb_each(given)
$$;

CREATE FUNCTION sha256_of_row(target text, row_key bigint) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = {schema}, pg_temp AS $$
DECLARE
  found jsonb;
  named CONSTANT text := (
    SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = to_regclass(quote_ident(target)) AND i.indisprimary
  );
BEGIN
  EXECUTE format('SELECT jsonb_strip_nulls(to_jsonb(t)) FROM %I t WHERE %I = $1', target, named) INTO found USING row_key;
  RETURN sha256_of(CASE WHEN found ? 'sha256' THEN found - 'content' ELSE found END);
END $$;
"""

# The functions by which rows come in. They run as the owner of the books and ask who has logged in (session_user),
# which no one can set: not with SET ROLE, not with set_config.
DOOR = """
CREATE FUNCTION role_of(someone text, OUT held text, OUT units bigint[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
  SELECT role, string_to_array(nullif(unit_ids, ''), ' ')::bigint[] FROM access WHERE login = someone
  ORDER BY id DESC LIMIT 1
$$;

CREATE FUNCTION my_role() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
  SELECT CASE WHEN session_user = current_user THEN 'finance' ELSE (SELECT held FROM role_of(session_user)) END
$$;

CREATE FUNCTION require_writer() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE held CONSTANT text := my_role();
BEGIN
  IF held IS NULL OR held NOT IN ('finance', 'committee', 'unit') THEN
    RAISE EXCEPTION 'the login % may not write', session_user USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN held;
END $$;

-- The tables a role may write, NULL for all.
CREATE FUNCTION written_by(held text) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = {schema}, pg_temp AS $$
  SELECT CASE held
    WHEN 'committee' THEN ARRAY['program', 'grant_step', 'application_score', 'application_round',
      'application_round_closing', 'voucher']
    WHEN 'unit' THEN ARRAY['program', 'application', 'grant_step'] END
$$;

-- Takes the write lock; gives the tables that whoever writes may write, NULL for all.
CREATE FUNCTION begin_writing() RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE held CONSTANT text := require_writer();
BEGIN
  -- One row that every writer locks: whoever comes second waits here and then sees what the first one left.
  PERFORM 1 FROM book FOR UPDATE;
  RETURN written_by(held);
END $$;

CREATE FUNCTION chain_end(OUT link bigint, OUT hash text, OUT registered_at text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
  PERFORM require_writer();
  SELECT r.id, r.hash, r.registered_at INTO link, hash, registered_at FROM registration r ORDER BY r.id DESC LIMIT 1;
  IF link IS NULL THEN
    SELECT 0, b.nonce, '' INTO link, hash, registered_at FROM book b;
  END IF;
END $$;

CREATE FUNCTION next_key(target text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE found_key bigint;
BEGIN
  IF target <> ALL (written_by(require_writer())) THEN
    RAISE EXCEPTION 'the login % may not write %', session_user, target USING ERRCODE = 'insufficient_privilege';
  END IF;
  EXECUTE format('SELECT coalesce(max(id), 0) + 1 FROM %I', target) INTO found_key;
  RETURN found_key;
END $$;

CREATE FUNCTION may_register(held text, units bigint[], target text, given jsonb) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
  SELECT CASE
    WHEN NOT is_of_the_books(target) THEN false
    WHEN target = 'access' THEN session_user = current_user
    WHEN target IN ('program', 'registration') OR held = 'finance' THEN true
    WHEN held = 'committee' THEN CASE target
      WHEN 'application_score' THEN true
      WHEN 'application_round' THEN true
      WHEN 'application_round_closing' THEN true
      WHEN 'grant_step' THEN NOT EXISTS (
        SELECT 1 FROM jsonb_array_elements(given) r WHERE r->>'state' NOT IN ('approved', 'rejected'))
      WHEN 'voucher' THEN NOT EXISTS (
        SELECT 1 FROM jsonb_array_elements(given) r WHERE r->>'event' <> 'grant_approved' OR r->>'series' <> 'R')
      WHEN 'posting' THEN NOT EXISTS (
        SELECT 1 FROM jsonb_array_elements(given) r WHERE r->>'account' NOT IN ('fund_available', 'fund_committed')
        OR r->>'unit_id' IS NOT NULL OR r->>'lot_id' IS NOT NULL)
      ELSE false END
    WHEN held = 'unit' THEN CASE target
      WHEN 'application' THEN NOT EXISTS (
        SELECT 1 FROM jsonb_array_elements(given) r WHERE (r->>'unit_id')::bigint <> ALL (units))
      WHEN 'grant_step' THEN NOT EXISTS (
        SELECT 1 FROM jsonb_array_elements(given) r
        LEFT JOIN application a ON a.id = (r->>'application_id')::bigint AND a.unit_id = ANY (units)
        WHERE a.id IS NULL OR r->>'state' NOT IN ('submitted', 'withdrawn')
        OR coalesce(r->>'state_before', 'submitted') <> 'submitted')
      ELSE false END
    ELSE false END
$$;

CREATE FUNCTION register_rows(target text, given jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
  held CONSTANT text := require_writer();
  units CONSTANT bigint[] := (SELECT r.units FROM role_of(session_user) r);
  names text;
  values_of text;
BEGIN
  IF NOT may_register(held, units, target, given) THEN
    RAISE EXCEPTION 'the role % may not register this in %', held, target USING ERRCODE = 'insufficient_privilege';
  END IF;
  -- Nobody signs for another.
  IF EXISTS (
    SELECT 1 FROM jsonb_array_elements(given) r, LATERAL (VALUES (r->>'registered_by'), (r->>'made_by'),
      (r->>'delivered_by')) signed(name) WHERE name <> session_user
  ) THEN
    RAISE EXCEPTION 'the login % may not sign for another', session_user USING ERRCODE = 'insufficient_privilege';
  END IF;
  -- Times never fall along the chain: one far ahead would draw every later one after it.
  IF held <> 'finance' AND EXISTS (
    SELECT 1 FROM jsonb_array_elements(given) r WHERE r->>'registered_at' >
      to_char(clock_timestamp() AT TIME ZONE 'UTC' + interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') COLLATE "C"
  ) THEN
    RAISE EXCEPTION 'the login % may not register ahead of time', session_user USING ERRCODE = 'insufficient_privilege';
  END IF;
  SELECT string_agg(quote_ident(key), ', '), string_agg('r.' || quote_ident(key), ', ') INTO names, values_of
  FROM jsonb_object_keys(given->0) key;
  IF NOT given->0 ? 'id' AND EXISTS (
    SELECT 1 FROM pg_attribute WHERE attrelid = target::regclass AND attname = 'id' AND NOT attisdropped
  ) THEN
    names := 'id, ' || names;
    values_of := format('(SELECT coalesce(max(id), 0) FROM %I) + e.n, ', target) || values_of;
  END IF;
  EXECUTE format(
    'INSERT INTO %I (%s) SELECT %s FROM jsonb_array_elements($1) WITH ORDINALITY e(given, n),'
    ' LATERAL jsonb_populate_record(NULL::%I, e.given) r ORDER BY e.n', target, names, values_of, target
  ) USING given;
END $$;

-- Trips come by the hundred thousand: they are copied beside the books (COPY does not write where row-level security
-- stands) and come in from there, in the same transaction. Nobody reads them there, and none is left.
CREATE UNLOGGED TABLE trip_arriving (LIKE trip);
ALTER TABLE trip_arriving ADD COLUMN arrived_in xid8 NOT NULL DEFAULT pg_current_xact_id();

CREATE FUNCTION register_arrived() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
  names CONSTANT text := (
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = 'trip'::regclass AND attnum > 0 AND NOT attisdropped
  );
BEGIN
  IF require_writer() <> 'finance' THEN
    RAISE EXCEPTION 'the login % may not register trips', session_user USING ERRCODE = 'insufficient_privilege';
  END IF;
  EXECUTE format(
    'INSERT INTO trip (%1$s) SELECT %1$s FROM trip_arriving WHERE arrived_in = pg_current_xact_id()', names
  );
  TRUNCATE trip_arriving;
END $$;

-- What everybody who has a role may know of the fund: its totals.
CREATE FUNCTION fund_totals(as_of text, known_at text, OUT opening_ore bigint, OUT available_ore bigint,
  OUT committed_ore bigint, OUT swept_in_ore bigint, OUT appropriated_ore bigint, OUT paid_out_ore bigint,
  OUT returned_ore bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
  IF my_role() IS NULL THEN
    RAISE EXCEPTION 'the login % has no role', session_user USING ERRCODE = 'insufficient_privilege';
  END IF;
  SELECT
    coalesce(sum(p.amount_ore) FILTER (WHERE p.account = 'opening' AND p.unit_id IS NULL), 0),
    coalesce(-sum(p.amount_ore) FILTER (WHERE p.account = 'fund_available'), 0),
    coalesce(-sum(p.amount_ore) FILTER (WHERE p.account = 'fund_committed'), 0),
    coalesce(-sum(p.amount_ore) FILTER (WHERE p.account = 'fund_available' AND p.lot_id IS NOT NULL), 0),
    coalesce(sum(p.amount_ore) FILTER (WHERE p.account = 'appropriation'), 0),
    coalesce(-sum(p.amount_ore) FILTER (WHERE p.account = 'grants_paid' AND p.amount_ore < 0), 0),
    coalesce(sum(p.amount_ore) FILTER (WHERE p.account = 'grants_paid' AND p.amount_ore > 0), 0)
  INTO opening_ore, available_ore, committed_ore, swept_in_ore, appropriated_ore, paid_out_ore, returned_ore
  FROM posting p JOIN voucher v ON v.id = p.voucher_id
  WHERE v.booked_on <= as_of AND v.registered_at <= known_at;
END $$;

-- The end of the chain, for a reader who sees only some of it: a hash over a secret number tells nothing.
CREATE FUNCTION chain_head(known_at text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
  SELECT hash FROM registration WHERE my_role() IS NOT NULL AND registered_at <= known_at ORDER BY id DESC LIMIT 1
$$;
"""
CALLED_BY_PEOPLE = (
    "my_role()", "begin_writing()", "next_key(text)", "register_rows(text, jsonb)",
    "register_arrived()", "fund_totals(text, text)", "chain_head(text)",
    "chain_end()",
)  # fmt: skip
INSIDE_ONLY = (
    "role_of(text)", "written_by(text)", "require_writer()", "may_register(text, bigint[], text, jsonb)", "sha256_of(jsonb)",
    "sha256_of_row(text, bigint)", "is_of_the_books(text)",
)  # fmt: skip


def _open_the_door() -> None:
    _execute(DOOR.replace("{schema}", _schema()))
    for role in ROLES:
        name = _group(role)
        found = op.get_bind().exec_driver_sql("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).scalar()
        if found is None:
            op.execute(f'CREATE ROLE "{name}" NOLOGIN')
    everybody = ", ".join(f'"{_group(role)}"' for role in ROLES)
    for function in (*CALLED_BY_PEOPLE, *INSIDE_ONLY):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    for function in CALLED_BY_PEOPLE:
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {everybody}")


def _group(role: str) -> str:
    """Roles belong to the whole server: their names bear the database's."""
    database = op.get_bind().exec_driver_sql("SELECT current_database()").scalar_one()
    return f"{database}_{role}".replace('"', "")


# Which rows of a table a unit sees; of a table that is not named here it sees none. What stands in another table is
# looked up there as the same reader sees it.
MINE = "(SELECT unnest(unit_ids) FROM my_access)"
SEEN_BY_A_UNIT = {
    **dict.fromkeys(
        ("book", "policy", "factor_set", "factor", "source", "program", "application_round",
         "application_round_closing", "period_event"), "true"),
    "unit": f"id IN {MINE}",
    "unit_version": f"unit_id IN {MINE}",
    "unit_cost_centre": "unit_version_id IN (SELECT id FROM unit_version)",
    "unit_merger": f"unit_id IN {MINE} OR into_id IN {MINE}",
    "vehicle": "unit IN (SELECT code FROM unit)",
    "charge": f"unit_id IN {MINE}",
    "batch": "id IN (SELECT batch_id FROM charge)",
    "completeness_declaration": f"unit_id IS NULL OR unit_id IN {MINE}",
    "trip": "charge_id IN (SELECT id FROM charge)",
    "trip_reversal": "charge_id IN (SELECT id FROM charge)",
    "posting": f"unit_id IN {MINE}",
    "voucher": "id IN (SELECT voucher_id FROM posting)",
    "lot": f"unit_id IN {MINE} OR voucher_id IN (SELECT lot_id FROM posting)",
    "measure": f"unit_id IN {MINE}",
    "application": f"unit_id IN {MINE}",
    "application_score": "application_id IN (SELECT id FROM application)",
    "grant_step": "application_id IN (SELECT id FROM application)",
}  # fmt: skip
# What the committee does not see: travel as it was read, and single trips.
HIDDEN_FROM_THE_COMMITTEE = (
    "batch_page", "trip", "trip_reversal", "quarantine", "quarantine_outcome", "quarantine_correction", "vehicle",
)  # fmt: skip
# Columns a unit does not see: the number the chain begins with, and how many vouchers there were.
KEPT_FROM_A_UNIT = {"book": ("nonce",), "period_event": ("head", "vouchers", "obstacles")}


# Of a batch a unit sees only what says when its trips came, and from which source: the counts are everybody's.
SHOWN_TO_A_UNIT = {"batch": ("id", "source_id", "undoes_id", "registered_at")}


def _show_to_each_their_own() -> None:
    inspected = sa.inspect(op.get_bind())
    everybody = ", ".join(f'"{_group(role)}"' for role in ROLES)
    op.execute(
        "CREATE VIEW my_access WITH (security_invoker = true) AS"
        " SELECT role, string_to_array(nullif(unit_ids, ''), ' ')::bigint[] AS unit_ids FROM access"
        " WHERE login = current_user ORDER BY id DESC LIMIT 1"
    )
    op.execute("ALTER VIEW trip_effect SET (security_invoker = true)")
    arriving = ", ".join(f'"{row["name"]}"' for row in inspected.get_columns("trip"))
    op.execute(f'GRANT INSERT ({arriving}) ON trip_arriving TO "{_group("finance")}"')
    op.execute(f"REVOKE CREATE ON SCHEMA {_schema()} FROM PUBLIC")
    op.execute(f"GRANT SELECT ON my_access, access, trip_effect, alembic_version TO {everybody}")
    for table in _tables():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_of_the_owner ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)")
        if table == "access":
            seen = "login = current_user OR my_role() IN ('finance', 'auditor')"
            op.execute(f"CREATE POLICY access_seen ON access FOR SELECT TO {everybody} USING ({seen})")
            continue
        whole = ["finance", "auditor"] + ([] if table in HIDDEN_FROM_THE_COMMITTEE else ["committee"])
        for role in whole:
            op.execute(f'GRANT SELECT ON {table} TO "{_group(role)}"')
            op.execute(
                f'CREATE POLICY {table}_seen_by_{role} ON {table} FOR SELECT TO "{_group(role)}"'
                f" USING ((SELECT role FROM my_access) = '{role}')"
            )
        condition = SEEN_BY_A_UNIT.get(table)
        if condition is not None:
            kept = KEPT_FROM_A_UNIT.get(table, ())
            names = [row["name"] for row in inspected.get_columns(table)]
            shown = SHOWN_TO_A_UNIT.get(table, [name for name in names if name not in kept])
            columns = ", ".join(f'"{name}"' for name in shown)
            op.execute(f'GRANT SELECT ({columns}) ON {table} TO "{_group("unit")}"')
            op.execute(
                f'CREATE POLICY {table}_seen_by_unit ON {table} FOR SELECT TO "{_group("unit")}"'
                f" USING ((SELECT role FROM my_access) = 'unit' AND ({condition}))"
            )


NEEDED_ELSEWHERE = "SELECT 1 FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = %s::regrole LIMIT 1"


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        named = "SELECT DISTINCT roles[1]::text FROM pg_policies WHERE tablename = 'book' AND policyname LIKE 'book_seen_by_%%'"
        groups = [name for (name,) in op.get_bind().exec_driver_sql(named)]
        op.execute("DROP VIEW my_access CASCADE")
        for table in _tables():
            op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
            for policy in ("of_the_owner", "seen", *(f"seen_by_{role}" for role in ROLES)):
                op.execute(f"DROP POLICY IF EXISTS {table}_{policy} ON {table}")
        op.execute("DROP TABLE trip_arriving")
        for function in (*CALLED_BY_PEOPLE, *INSIDE_ONLY):
            op.execute(f"DROP FUNCTION {function}")
        for name in (*SEALS, *NEVER_OVERDRAWN, "trip_before_its_seal", "never_changed"):
            op.execute(f"DROP FUNCTION {name}() CASCADE")
        for group in groups:
            op.execute(f'GRANT "{group}" TO CURRENT_USER')
            op.execute(f'DROP OWNED BY "{group}"')
            op.execute(f'REVOKE "{group}" FROM CURRENT_USER')
            # A copy of the books under another name has the same groups.
            if not op.get_bind().exec_driver_sql(NEEDED_ELSEWHERE, (group,)).scalar():
                op.execute(f'DROP ROLE "{group}"')
