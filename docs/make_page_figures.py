"""Draw the pictures of serve.md: `python docs/make_page_figures.py MODEL RECORDING`.

It needs Chromium. Those of the docs are the demo's crnn and a dev-test clip of it.
"""

import io
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parent / "images"
WIDTHS = {1280: 1000, 390: 1000}  # and heights, in pixels


def main(model: str, recording: str) -> None:
    """Serve the page, show the recording in it, write a picture of each width."""
    command = [sys.executable, "-m", "sed_core", "serve", "--port=0", "--model", model]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = next(word for word in server.stdout.readline().split() if "http" in word)
        try:
            draw(address, recording)
        finally:
            server.terminate()


def draw(address: str, recording: str) -> None:
    """Write the pictures of a page that is served."""
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = chromium.new_page()
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        page.set_input_files("#file", recording)
        page.wait_for_selector("#result:not([hidden])")
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(1000)  # the lanes are drawn anew
            shown = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            shown.save(IMAGES / f"page_{width}.webp", quality=80, method=6)
        chromium.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
