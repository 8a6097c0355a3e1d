"""Draw the picture of each kind of event as a file that calendars show: static/img/scenes/*.png.

    python tools/draw_pictures.py

The pages draw the same pictures themselves (templates/drawings/scenes.html). Run it when those
change. It needs Chromium, and Playwright of requirements-dev.lock.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

from timebank.app import create_app
from timebank.core.settings import Settings
from timebank.domain.calendar.composing import COLOURS

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "static" / "img" / "scenes"
WIDTH, HEIGHT = 320, 128
SETTINGS = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere",
    "REDIS_URL": "redis://127.0.0.1:1",
    "SMTP_URL": "maildir:///nowhere",
    "PUBLIC_URL": "http://localhost",
    "SECRET_KEY": "nothing is signed here",
}


def main() -> None:
    """Draw them all."""
    app = create_app(Settings.from_environment(SETTINGS))
    with app.test_request_context():
        drawings = app.jinja_env.get_template("drawings/scenes.html").render()
    style = (ROOT / "static" / "css" / "app.css").read_text()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        for scene in COLOURS:
            page.set_content(_sheet(style, drawings, scene))
            page.screenshot(path=FOLDER / f"{scene}.png")
        chromium.close()


def _sheet(style: str, drawings: str, scene: str) -> str:
    art = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}"><use href="#s-{scene}"/></svg>'
    return (
        f"<style>{style}</style><style>body {{ margin: 0; background: var(--art-sky) }}"
        f" svg {{ display: block }}</style><body>{drawings}{art}</body>"
    )


if __name__ == "__main__":
    main()
