"""Good Turn: a volunteer time bank and event rota for neighbours who take it in turns."""

from __future__ import annotations

import zoneinfo

# When clocks change is read from the tzdata package, which the lock pins and calendars are written
# by; the machine's own files may be years older, and a zone that changed since an hour wrong.
zoneinfo.reset_tzpath(to=())

__version__ = "0.1.0"
