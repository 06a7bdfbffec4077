"""A company adds months to what its employees sponsor, by a rule with caps. It learns who asks, and never whom she protects."""
