"""A rota that coordinators kept in a spreadsheet comes into a series.

| module | what it does |
|---|---|
| `drafts` | keeps the cells, before anything is written |
| `planning` | what they would do to this series, and what has to be asked |
| `writing` | does it, once, with an account of what could not be done |
| `undoing` | takes all of it back, but for what has happened since |
"""
