"""The page's microphone: what is recorded is shown as a file, at the device's rate."""

import io

import numpy as np
import pytest
import soundfile as sf

from tests.unit.detection.conftest import served


@pytest.fixture(scope="module")
def address(folder):
    with served(str(folder / "model.pt"), threshold="0.45", longest=6) as address:
        yield address


# Playwright does not show the bytes of a file that is sent.
KEEP = """
const send = window.fetch;
window.sent = [];
window.fetch = async (where, how) => {
  if (how?.body) window.sent.push(Array.from(new Uint8Array(await how.body.arrayBuffer())));
  return send(where, how);
};
"""


def sent(page) -> tuple[np.ndarray, int]:
    return sf.read(io.BytesIO(bytes(page.evaluate("window.sent[0]"))))


@pytest.fixture
def page(browser, address):
    """The page, which keeps what it sends."""
    context = browser.new_context(permissions=["microphone"])
    context.add_init_script(KEEP)
    page = context.new_page()
    page.wrong = []
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.goto(address)
    page.wait_for_selector("body[data-ready]")
    yield page
    context.close()


def test_what_is_recorded_is_shown(page):
    page.focus("#record")
    page.keyboard.press("Enter")
    page.wait_for_selector("#recorder:not([hidden])")
    for _ in range(500):
        if page.eval_on_selector("#level", "meter => meter.value") > 0.15:
            break
        page.wait_for_timeout(20)
    else:
        pytest.fail("the level stays low")
    page.wait_for_selector("#recorded:text-matches('0:0[1-4][.].')")
    page.keyboard.press("Enter")
    page.wait_for_selector("#result:not([hidden])")
    assert page.is_hidden("#recorder") and page.text_content("#record") == "Record"
    assert "microphone_" in page.text_content("#recording")
    samples, rate = sent(page)
    assert 1 < len(samples) / rate < 6
    # The file that the microphone plays is a tone of 900 Hz, on and off.
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / rate)
    assert abs(hertz[power.argmax()] - 900) < 5
    assert page.wrong == []


def test_a_recording_ends_before_it_is_too_long(page):
    page.click("#record")
    page.wait_for_selector("#result:not([hidden])")
    assert page.text_content("#problem") == ""
    samples, rate = sent(page)
    assert 4 < len(samples) / rate <= 6


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("navigator.mediaDevices.getUserMedia = async () => {"
         " throw new DOMException('', 'NotFoundError') }", "No microphone was found"),
        ("navigator.mediaDevices.getUserMedia = async () => {"
         " throw new DOMException('', 'NotAllowedError') }", "may not use the microphone"),
        ("AudioContext.prototype.createMediaStreamSource = () => {"
         " throw new Error('no such source') }", "No such source"),
    ],
)  # fmt: skip
def test_no_microphone_is_a_sentence(page, broken, sentence):
    page.evaluate(f"() => {{ {broken} }}")
    page.click("#record")
    page.wait_for_selector(f"#problem:has-text('{sentence}')")
    assert page.is_enabled("#record") and page.is_hidden("#recorder")
