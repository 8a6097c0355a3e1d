"""Organisers write to people; whoever is written to answers, and neither learns an address.

`reach` says who would get a message, `limits` how many people a group may write to in a day,
`writing` sends it, `answering` passes answers on, `hearing` is the choice to be written to, and
`reading` shows what was written.
"""
