"""Reports: public results, staff figures and the self-checks of the books. Reads every room, writes nothing."""
