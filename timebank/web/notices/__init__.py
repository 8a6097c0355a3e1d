"""The demo's mailbox: what Good Turn would have sent, to be read in the browser."""
