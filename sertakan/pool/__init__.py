"""An organisation's balance, and the rules by which it protects people of the waiting list by itself."""
