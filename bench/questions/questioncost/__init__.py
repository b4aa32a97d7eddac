"""How long questions take, on stores of a year's usage and on the plain design beside them."""
