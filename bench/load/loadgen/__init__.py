"""A load of usage records for customsd, and the ledger of the expected counts."""
