"""Calendar feeds on the web, and the pages where people subscribe to them."""
