"""Notices on phones: the page that sets one up, and what makes the site one to install."""
