"""Text messages: the pages of the number on which somebody is texted."""
