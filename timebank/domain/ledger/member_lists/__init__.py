"""A time bank's member list, with hours brought forward, comes in from a spreadsheet.

| module | what it does |
|---|---|
| `reading` | cells into lines, each column by its heading |
| `understanding` | a line into somebody with hours, and what has to be asked about its cells |
| `matching` | who is who: known members, and who is on it twice |
| `planning` | what the list would do here, and what has to be said first |
| `drafts` | keeps a list until it is taken in, and no longer |
| `writing` | takes it in, once, set-based |
| `telling` | what became of it, line by line |
| `undoing` | takes all of it back, but for what has happened since |
"""
