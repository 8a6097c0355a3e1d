"""Calendar feeds: what is on, in the calendar that somebody already looks at.

`reading` asks the database, `feeds` turns the answer into bytes and keeps them, `addresses` gives
people an address for their own turns. `vevents` and `timezones` write iCalendar.
"""
