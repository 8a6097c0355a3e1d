"""The second door: what happens without anybody asking. Each job is safe to run twice.

A job takes no arguments, opens its tools, calls one rule and commits. `schedule` says when each is
rung for; `runner` is the process that runs them.
"""
