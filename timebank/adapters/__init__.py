"""The outside world: mail, queue, the servers we bring along and the processes we keep alive."""

from __future__ import annotations
