"""The whole bank as a file, for those who answer for it: everybody's addresses are in it."""

from __future__ import annotations

import logging
import tempfile
from typing import IO

from flask import Blueprint
from flask import Response
from flask import render_template
from flask import send_file
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.db import db
from timebank.domain.ledger import banks
from timebank.web.auth import coordinator
from timebank.web.auth import signed_in_required
from timebank.web.door import door

bp = Blueprint("bank", __name__)
log = logging.getLogger(__name__)


@bp.get("/bank/export")
@signed_in_required
def export() -> str:
    """Tell a coordinator what is in the file and how to check it."""
    coordinator()
    return render_template("bank/export.html")


@bp.post("/bank/export")
@signed_in_required
def download() -> Response:
    """Hand a coordinator the file: whole before its first byte goes out, and then forgotten."""
    by = coordinator()
    file, done = _export(door().community.id)
    # Worth a line in the log, and more than "info": everybody's addresses have left the house.
    log.warning("membership %s took the whole bank along, %s entries", by, done.entries)
    answer = send_file(
        file, mimetype="application/zip", as_attachment=True, download_name=done.file_name
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _export(community_id: int) -> tuple[IO[bytes], banks.Exported]:
    """Write the bank into a file without a name, which is gone when it is closed."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 -- the answer closes it
    try:
        with Session(db.engine) as snapshot:
            done = banks.export_bank(snapshot, community_id=community_id, to=file, now=clock.now())
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file, done
