"""Units: the administrations (förvaltningar) and companies (bolag) that are charged."""
