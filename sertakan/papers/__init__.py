"""Papers of an organisation: certificate, pocket cards, report, yearly statement. Each has a code that anybody may check."""
