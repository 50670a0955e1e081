"""What can be wrong with the database, as a person is told."""

from klimatvaxling.errors import StateRefused
from klimatvaxling.language import N_


class DatabaseFault(StateRefused):
    """The books cannot be reached: no command that needs them can go on."""


class NoDatabase(DatabaseFault):
    """There is no file of books at the address."""

    code = "KV-DATABASE-MISSING"
    message = N_("There is no database at {where}.")
    remedy = N_("Create it with: klimatvaxling init")


class EmptyDatabase(DatabaseFault):
    """A server's database in which nobody has begun any books."""

    code = "KV-DATABASE-EMPTY"
    message = N_("The database at {where} is empty: no books have been begun in it.")
    remedy = N_("Begin them, logged in as the owner of the database, with: klimatvaxling init")


class ForeignDatabase(DatabaseFault):
    """The file is no database of this program."""

    code = "KV-DATABASE-FOREIGN"
    message = N_("{where} is not a klimatväxling database.")
    remedy = N_("Check the address, or create new books at another place with: klimatvaxling init")


class OtherSchemaVersion(DatabaseFault):
    """The books were made by another version of the program."""

    code = "KV-DATABASE-VERSION"
    message = N_("The database at {where} has version {found}; this program needs {needed}.")
    remedy = N_("Upgrade it with: klimatvaxling init. If the database is newer, install the newer program.")


class DatabaseBusy(DatabaseFault):
    """Somebody else is writing."""

    code = "KV-DATABASE-BUSY"
    message = N_("Somebody else is writing to the database; nothing was posted.")
    remedy = N_("Wait a moment and run the command again.")


class Overtaken(DatabaseFault):
    """The server broke off this work in favour of somebody else's."""

    code = "KV-DATABASE-OVERTAKEN"
    message = N_(
        "Others are working on the same at the same time, and the server let them go first; nothing was posted."
    )
    remedy = N_("Wait a moment and run the command again.")
    explanation = N_("The program has tried it several times by itself before it says this.")
    asks_for_another_try = True


class ConnectionLost(DatabaseFault):
    """The server went away in the middle of the work."""

    code = "KV-DATABASE-LOST"
    message = N_("The connection to the database at {where} was lost: {reason}.")
    remedy = N_("Nothing of this was kept. Run the command again.")


class OutcomeUnknown(DatabaseFault):
    """The server went away just when it was told to keep the work."""

    code = "KV-DATABASE-OUTCOME"
    message = N_(
        "The connection to the database at {where} was lost while the work was being kept: {reason}. It was kept whole"
        " or not at all."
    )
    remedy = N_(
        "Look at the last lines of klimatvaxling audit log, or at klimatvaxling grant list if you may not read the log:"
        " run the command again only if it is not there. A file can always be imported again; what is posted is not"
        " posted twice."
    )


class ServerUnreachable(DatabaseFault):
    """No server answers, or it has no time for us."""

    code = "KV-DATABASE-SERVER"
    message = N_("The database server at {where} cannot be reached: {reason}.")
    remedy = N_("Check the address, and ask whoever runs the server whether it is up.")


class LoginRefused(DatabaseFault):
    """The server answers, and does not let the login in."""

    code = "KV-DATABASE-LOGIN"
    message = N_("The database server does not let you in at {where}: {reason}.")
    remedy = N_(
        "Check the login in the address, and its password. Whoever runs the server can set a new one: \\password LOGIN in"
        " psql"
    )
    explanation = N_(
        "The password is read from the file ~/.pgpass (in Windows %APPDATA%\\postgresql\\pgpass.conf), a line for each:"
        " server:port:database:login:password. On Linux and macOS nobody else may read that file (chmod 600), or it is"
        " passed over. A wrong password and a login that does not exist are answered alike."
    )


class NoSuchDatabase(DatabaseFault):
    """The server answers, and has no database of that name."""

    code = "KV-DATABASE-NAME"
    message = N_("The server has no database of the name that ends the address {where}.")
    remedy = N_("Check the name. A new database is made by whoever runs the server: CREATE DATABASE … OWNER …")


class PermissionDenied(DatabaseFault):
    """The server refuses what the login may not do."""

    code = "KV-ACCESS-DENIED"
    message = N_("You have no permission to do this: {reason}.")
    remedy = N_(
        "Ask the finance office to do it, or the owner of the books for another role: klimatvaxling access grant LOGIN"
        " --role ROLE"
    )
    explanation = N_(
        "The server decides it, by the login. klimatvaxling access list shows your role: finance posts and registers,"
        " committee decides grants, unit sees its own units and applies for grants, auditor reads everything."
    )


class MayNotBegin(DatabaseFault):
    """A login that can neither begin books in a database nor upgrade them."""

    code = "KV-DATABASE-OWNER"
    message = N_("Your login may neither begin books in the database at {where} nor upgrade them.")
    remedy = N_(
        "Run init logged in as the owner of the database. The owner needs the right to create roles: ALTER ROLE LOGIN"
        " CREATEROLE"
    )


class DatabaseUnusable(DatabaseFault):
    """The database cannot be opened or written."""

    code = "KV-DATABASE-UNUSABLE"
    message = N_("The database at {where} cannot be used: {reason}.")
    remedy = N_("Check that the folder exists, that you may write there, and that the disk is not full.")


class ServerUnable(DatabaseUnusable):
    """A server that cannot do its work."""

    remedy = N_("Nothing of this was kept. Tell whoever runs the server, and run the command again afterwards.")


class DatabaseDamaged(DatabaseFault):
    """The file was a database and is damaged."""

    code = "KV-DATABASE-DAMAGED"
    message = N_("The database at {where} is damaged: {reason}.")
    remedy = N_("Use it no more and restore the latest backup; keep the damaged file.")


class DriverMissing(DatabaseFault):
    """What speaks with a database server is not installed."""

    code = "KV-DATABASE-DRIVER"
    message = N_("What is needed to reach {where} is not installed: {reason}.")
    remedy = N_('For PostgreSQL, install it beside the program: pip install "psycopg[binary]"')


class BookMissing(DatabaseFault):
    """The tables are there, but not the row that says whose books they are."""

    code = "KV-BOOK-MISSING"
    message = N_("The database at {where} does not say whose books it holds.")
    remedy = N_(
        "If init was interrupted, run klimatvaxling init again. If there are vouchers, restore the latest backup."
    )
    explanation = N_("The chain of vouchers begins with this row. It is never deleted by the program.")
