"""Rotas that coordinators keep in spreadsheets: read one with an account of it, and write one.

Nothing in here knows the database. What is read is only ever a guess, told cell by cell
(`remarks`), for somebody to look over before anything is written.

| module | what it does |
|---|---|
| `cells` | bytes or pasted text into cells of text, whatever wrote them |
| `day_words`, `days`, `settling` | a heading into the day that it means |
| `people` | a cell into the people it names |
| `layout`, `dating` | where the dates and the jobs stand, and which days they are |
| `lines`, `body` | what each line is, and who does its job |
| `understanding` | the whole, as `records`, with `remarks` on all that is not plain |
| `members` | typed names to members |
| `writing` | the same grid for a spreadsheet |
"""
