"""Paper sign-in sheets: out with a number, and typed up again in the same order.

A sheet is read with an account of what is not plain, asked about, and only then written. Each turn
that comes from it knows its sheet and line.

| module | what it does |
|---|---|
| `paper` | numbers sheets, and lays out their lines |
| `rows` | a typed or pasted table into lines; knows no database |
| `times` | "7.45", "0915", "9.10am" into times of day; knows no database |
| `drafts` | keeps what was typed until it is found right |
| `facts` | what the rota says about the date |
| `questions` | what can be asked, and the answers there are |
| `people`, `jobs`, `spans` | who, which job and how long a line means |
| `planning` | what a sheet would do, and all that has to be asked first |
| `writing` | does it, once |
| `tracing` | which line a turn came from; forgetting what people wrote |
"""
