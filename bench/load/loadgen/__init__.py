"""A load of usage records for customsd, and the ledger of what it must become."""
