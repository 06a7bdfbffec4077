"""Notices: messages that wait to be sent, and their sending. A notice is a row written with the change it tells of; a job sends it."""
