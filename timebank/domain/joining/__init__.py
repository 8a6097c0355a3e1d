"""Coming and going: how people join a time bank, pause, leave it, and are forgotten.

It stands above the other slices, because whoever goes leaves something in each of them.
`inviting`, `applying`, `referees` and `deciding` let people in; `pausing` and `leaving` let them
go; `erasing` deletes who they were, by the registry in `words`; `taking_along` hands them what we
know.
"""
