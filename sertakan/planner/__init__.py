"""What a budget covers, and whom first. Owns no table: a plan is looked at, and becomes an upload like any other."""
