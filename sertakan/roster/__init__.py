"""The workers whom an organisation pays for: their list, and those who leave it. Every read starts from a membership."""
