"""What can be wrong with a coding plan, and with coding a voucher."""

from klimatvaxling.errors import InputRefused, StateRefused
from klimatvaxling.language import N_


class CodingFileMissing(InputRefused):
    """A coding plan's file that is not there or cannot be read."""

    code = "KV-CODING-FILE-MISSING"
    message = N_("The coding plan {file} cannot be read.")
    remedy = N_("Check the file's name and folder, and that you may read it.")


class CodingFileUnreadable(InputRefused):
    """Not TOML in UTF-8."""

    code = "KV-CODING-FILE"
    message = N_("The coding plan is not understood: {reason}.")
    remedy = N_("It is TOML in UTF-8. An example with every key is in the documentation, docs/coding.md.")


class CodingKeyUnknown(InputRefused):
    """A key that is not of a coding plan."""

    code = "KV-CODING-KEY"
    message = N_("{where} is not a key of a coding plan.")
    remedy = N_("The keys there are: {known}.")


class CodingFieldMissing(InputRefused):
    """A key that has to be there."""

    code = "KV-CODING-FIELD-MISSING"
    message = N_("{where} is missing.")
    remedy = N_("Add it to the coding plan. What each key means is in the documentation, docs/coding.md.")


class CodingFieldKind(InputRefused):
    """A value of the wrong kind."""

    code = "KV-CODING-FIELD-KIND"
    message = N_("{where} cannot have this value.")
    remedy = N_("Write it like this: {example}")


class CodingAccountUnknown(InputRefused):
    """A side books on an account that is not among the plan's accounts."""

    code = "KV-CODING-ACCOUNT"
    message = N_("{where}: the account {account} is not among the plan's accounts.")
    remedy = N_("Add it below [[account]] with number, title and whether it is internal, or correct the number.")


class CodingPlaceholder(InputRefused):
    """A placeholder there is not."""

    code = "KV-CODING-PLACEHOLDER"
    message = N_("{where}: “{value}” is not a placeholder.")
    remedy = N_("The placeholders are: {known}.")


class CodingTwice(InputRefused):
    """The same account or dimension twice."""

    code = "KV-CODING-TWICE"
    message = N_("{where}: {value} stands twice.")
    remedy = N_("Each account and each dimension stands once. Remove one of the two.")


class CodingMixed(InputRefused):
    """Internal and other accounts in one template."""

    code = "KV-CODING-MIXED"
    message = N_("The template {template} has internal accounts on one side only.")
    remedy = N_("Let both sides be internal accounts, or neither.")
    explanation = N_(
        "Internal accounts are cleared when the municipality's accounts are drawn up: over all units they must sum to"
        " zero. They do so when both sides of every event are internal accounts, or neither is."
    )


class CodingNotMirrored(InputRefused):
    """Internal lines whose counterparts do not answer each other."""

    code = "KV-CODING-NOT-MIRRORED"
    message = N_("The internal lines of the template {template} do not stand between the same two.")
    remedy = N_(
        "Give each side its owner and its counterpart, so that what one books against the other, the other books"
        " against the one. In the template merge both are fixed codes."
    )


class CodingExists(StateRefused):
    """The plan is registered in this version, with other content."""

    code = "KV-CODING-EXISTS"
    message = N_("The coding plan {version} is already registered with another content.")
    remedy = N_("A registered plan never changes: give the corrected plan a new version.")


class CodingMissing(StateRefused):
    """No plan for a booking date."""

    code = "KV-CODING-MISSING"
    message = N_("There is no coding plan for {day}, so {voucher} cannot be coded. Nothing is written.")
    remedy = N_("Register the municipality's own plan: klimatvaxling coding load FILE.toml (example: docs/coding.md)")
    explanation = N_(
        "Every account number is the municipality's own choice, so the program comes with none. A coding plan says how"
        " each event is posted in the municipality's accounting system, and from which booking date it holds."
    )


class TemplateMissing(StateRefused):
    """The plan does not say how an event is posted."""

    code = "KV-CODING-TEMPLATE"
    message = N_(
        "The coding plan {version} has no [template.{template}.{side}], which {voucher} needs. Nothing is written."
    )
    remedy = N_("Add it and register the plan with a new version: klimatvaxling coding load FILE.toml")


class CostCentreMissing(StateRefused):
    """The plan asks for a cost centre that nobody has named."""

    code = "KV-CODING-COST-CENTRE"
    message = N_("{voucher}: no cost centre is known for {unit}. Nothing is written.")
    remedy = N_(
        'Name it in the coding plan: [unit.{unit}] cost_centre = "…", and register the plan with a new version.'
    )
    explanation = N_(
        "A charge goes to the cost centres of its trips. What has no trip, and trips that came without one, go to the"
        " unit's cost centre in the coding plan, or to its only exact cost centre in the register of units."
    )


class CounterpartMissing(StateRefused):
    """The plan asks for a counterpart code that the unit does not have."""

    code = "KV-CODING-COUNTERPART"
    message = N_("{voucher}: {unit} has no counterpart code. Nothing is written.")
    remedy = N_("Register it: klimatvaxling unit change {unit} --counterpart NNN --from DATE")
