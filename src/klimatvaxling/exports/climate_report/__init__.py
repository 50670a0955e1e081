"""The climate report (klimatrapport): the workbook the climate committee pastes into its yearly report."""
