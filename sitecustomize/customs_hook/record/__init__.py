"""Parts of the hook for what only some records say, and for other ways to send them."""
