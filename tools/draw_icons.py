"""Draw the mark in the sizes that a home screen wants: static/img/icon-*.png.

    python tools/draw_icons.py

Run it when static/img/icon.svg changes. `maskable` has its mark well inside: a phone cuts such an
icon to a shape of its own. `badge` is what stands in a phone's bar: white, on nothing. It needs
Chromium, and Playwright of requirements-dev.lock.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).resolve().parents[1] / "static" / "img"
GREEN = "#0c5a41"
ICONS = {"icon-192": 192, "icon-512": 512, "icon-maskable": 512, "icon-apple": 180, "badge": 96}
# What a maskable icon says lies within four fifths of its width (Web App Manifest, 1.16.1).
INSIDE = {"icon-maskable": 0.72, "icon-apple": 0.9}


def main() -> None:
    """Draw them all."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, size in ICONS.items():
            page = chromium.new_page(viewport={"width": size, "height": size})
            page.set_content(_sheet(name, size))
            page.screenshot(path=FOLDER / f"{name}.png", omit_background=True)
            page.close()
        chromium.close()


def _sheet(name: str, size: int) -> str:
    mark = (FOLDER / "icon.svg").read_text()
    if name == "badge":
        mark = re.sub(r"<rect[^>]*/>", "", mark)
        mark = re.sub(r"#[0-9a-f]{6}", "#ffffff", mark)
    width = round(size * INSIDE.get(name, 1))
    ground = GREEN if name in INSIDE else "transparent"
    return (
        f"<style>body {{ margin: 0; height: {size}px; display: grid; place-items: center;"
        f" background: {ground} }} svg {{ width: {width}px; height: {width}px }}</style>{mark}"
    )


if __name__ == "__main__":
    main()
