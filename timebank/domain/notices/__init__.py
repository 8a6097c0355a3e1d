"""Notices: what is owed to whom in words, and how far its delivery has come. Sends nothing.

`delivery` moves a notice from state to state, `letters` looks up what it has to say and whether
that still holds, `wording` says it. A job (`timebank.jobs.notices`) puts the three together.
"""
