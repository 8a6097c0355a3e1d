"""Rotas that coordinators keep in spreadsheets: read one with an account of it, and write one.

Nothing in here knows the database; `core.csv_tables` has made cells of the bytes. What is read is
only ever a guess, told cell by cell (`remarks`), for somebody to look over before anything is
written.

| module | what it does |
|---|---|
| `settling` | a heading, read by `core.typed_days`, into the day that it means |
| `people` | a cell into the people it names |
| `layout`, `dating` | where the dates and the jobs stand, and which days they are |
| `lines`, `body` | what each line is, and who does its job |
| `understanding` | the whole, as `records`, with `remarks` on all that is not plain |
| `members` | typed names to members |
| `writing` | the same grid for a spreadsheet |
"""
