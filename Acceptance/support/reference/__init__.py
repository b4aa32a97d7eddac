"""The answers from the raw records, without a database, to compare the commands with."""
