"""The accounts of the scheme. A posting's amount is debit positive and credit negative, in whole öre."""

from klimatvaxling.language import N_

FEE_EXPENSE = "fee_expense"
OWN_FUNDS = "own_funds"
MEASURES = "measures"
FUND_AVAILABLE = "fund_available"
FUND_COMMITTED = "fund_committed"
GRANTS_PAID = "grants_paid"
APPROPRIATION = "appropriation"
OPENING = "opening"

TITLES = {
    FEE_EXPENSE: N_("Climate fee, expense"),
    OWN_FUNDS: N_("Own climate funds"),
    MEASURES: N_("Measures financed"),
    FUND_AVAILABLE: N_("Shared fund, available"),
    FUND_COMMITTED: N_("Shared fund, committed"),
    GRANTS_PAID: N_("Grants paid"),
    APPROPRIATION: N_("Budget appropriation"),
    OPENING: N_("Opening"),
}
