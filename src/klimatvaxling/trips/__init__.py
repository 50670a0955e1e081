"""Trips: a journey as the scheme sees it, who it is charged to and for how much CO2."""
