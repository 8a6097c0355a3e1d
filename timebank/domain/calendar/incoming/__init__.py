"""A calendar that a group kept elsewhere comes in, once.

| module | what it does |
|---|---|
| `lines` | takes the text apart, within bounds whatever it holds |
| `zones` | what the clock of an entry means |
| `rules`, `repeating` | the days of a rule; the dates of an entry that repeats |
| `values` | what stands in the lines of an entry |
| `entries` | entries with the dates they have to come, or why they have none |
| `gathering` | the events that they make here |
| `drafts` | keeps what was read, before anything is written |
| `planning` | what of it is here already, and what has to be said |
| `writing`, `undoing` | takes it in, once; takes it back |
| `spans`, `busy` | when somebody is busy, by a calendar of their own |
"""
