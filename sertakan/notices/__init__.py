"""Notices: messages that wait to be sent, and their sending. A notice is a row written with what it tells of; a job sends it."""
