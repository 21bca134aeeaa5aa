"""`sedlab listen`: the events of a stream, no later than it says."""

import io
import json
import socket
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from sed_core.detection.listen_command import main as listen
from sed_core.detection.listener import system_listener
from sed_core.detection.live import LiveSystemListener, live_events
from sed_core.detection.look_ahead import look_ahead
from sed_core.detection.models import load_listener
from sed_core.detection.mqtt import Publisher
from sed_core.detection.pipeline import Decisions, Pipeline
from sed_core.features.frontend import FrontEnd
from sed_core.inference.predict import Predictor
from sed_core.models.network_registry import build
from sed_core.runtime.errors import SedError
from tests.made_data import tiny_system
from tests.unit.detection.conftest import RATE, long_sound

CPU = torch.device("cpu")


def told(pipeline, sound, **options):
    blocks = np.array_split(sound, len(sound) // 1600)
    return list(live_events(pipeline, blocks, **options))


@pytest.mark.parametrize("min_length", [0.0, 1.0])
def test_a_stream_has_the_events_of_the_recording(weights, min_length):
    sound = long_sound(12.0)
    offline = load_listener("yamnet", CPU, weights=weights)
    middle = float(np.median(np.concatenate(list(offline.hear([sound])))))
    decisions = Decisions(threshold=str(middle), min_length=min_length)
    expected = Pipeline(offline, decisions).events([sound])
    live = load_listener("yamnet", CPU, weights=weights, live=True)
    found = told(Pipeline(live, decisions), sound)
    ends = [event.label for event in found if event.state == "end"]
    assert len(expected) > 10
    key = [(label.onset, label.offset, label.name) for label in expected]
    assert sorted((label.onset, label.offset, label.name) for label in ends) == sorted(key)
    limit = live.latency + live.frame_seconds + min_length + 0.1 + 1e-6  # blocks of 0.1 s
    begins = [event for event in found if event.state == "begin"]
    assert len(begins) == len(ends)
    late = [event.heard - event.label.onset for event in begins if event.heard < 11.9]
    assert 0 < max(late) <= limit


def test_a_system_scores_each_frame_once_and_in_time(folder):
    base = load_listener(str(folder / "model.pt"), CPU, live=True)
    for seconds in (0.3, 1.0, 5.27):
        sound = long_sound(seconds)
        live = LiveSystemListener(base, hop=0.25, tail=0.1)
        fed, frames = 0.0, 0

        def blocks(sound=sound):
            nonlocal fed
            for block in np.array_split(sound, 40):
                fed += len(block) / RATE
                yield block

        for scores in live.hear(blocks()):
            frames += len(scores)
            late = fed - frames * live.frame_seconds
            assert late <= live.latency + seconds / 40 + live.frame_seconds
        assert abs(frames * live.frame_seconds - seconds) <= live.frame_seconds


def causal(statistic: str = "dataset", **net) -> Predictor:
    """Networks without training, whose GRU reads forward."""
    torch.manual_seed(0)
    normtype = "standard" if statistic == "dataset" else "minmax"
    scaler = {"statistic": statistic, "normtype": normtype}
    system = tiny_system(net={"rnn_type": "GRU", **net}, scaler=scaler)
    front = FrontEnd(system).eval()
    front.scaler.fit([torch.randn(2, 32, 63) * 10 - 20])
    network = build(system.net, len(system.dataset.classes)).eval()
    with torch.no_grad():
        network.dense.weight *= 50  # so that scores tell states apart
    return Predictor(system, front, {"student": network}, CPU)


def test_a_causal_system_scores_a_stream_as_a_recording():
    listener = system_listener(causal(), "student", batch_size=1)
    sound = long_sound(1.0)
    offline = np.concatenate(list(listener.hear([sound])))
    live = LiveSystemListener(listener, hop=0.1)
    # 1 + 2 + 4 mel frames of 256 samples that kernels reach, but one, and half of an STFT's 512.
    assert live.tail == 6 * 256 + 256
    found = np.concatenate(list(live.hear(np.array_split(sound, 20))))
    assert np.abs(found - offline[: len(found)]).max() < 1e-5
    assert len(offline) - len(found) <= 1
    less = LiveSystemListener(listener, hop=0.1, tail=0.0)
    found = np.concatenate(list(less.hear(np.array_split(sound, 20))))
    assert np.abs(found - offline[: len(found)]).max() > 5e-5


def test_what_hears_a_whole_window_says_so():
    assert look_ahead(causal("instance").system) is None
    assert look_ahead(causal(rnn_type="BGRU").system) is None
    assert look_ahead(causal("none").system) == pytest.approx(1792 / RATE)


def test_a_class_cools_down(weights):
    sound = long_sound(6.0)
    live = load_listener("yamnet", CPU, weights=weights, live=True)
    pipeline = Pipeline(live, Decisions(threshold="0.5"))
    every = [event for event in told(pipeline, sound) if event.state == "begin"]
    few = [event for event in told(pipeline, sound, cool_down=60.0) if event.state == "begin"]
    names = [event.label.name for event in few]
    assert len(few) < len(every)
    assert len(names) == len(set(names)) == len({event.label.name for event in every})


def test_through_a_pipe_and_to_a_broker(weights, monkeypatch, capsys):
    server = socket.create_server(("127.0.0.1", 0))
    got = bytearray()

    def broker():
        stream, _ = server.accept()
        with stream:
            got.extend(stream.recv(1024))
            stream.sendall(b"\x20\x02\x00\x00")
            while data := stream.recv(1 << 16):
                got.extend(data)

    thread = threading.Thread(target=broker)
    thread.start()
    raw = (long_sound(3.0) * 32767).astype("<i2").tobytes()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw)))
    address = f"127.0.0.1:{server.getsockname()[1]}/home/sounds"
    listen([f"--weights={weights}", "--threshold=0.5", "--jsonl", f"--mqtt={address}", "--gpus=0",
            "--threads=1"])  # fmt: skip
    thread.join(timeout=10)
    server.close()
    out, err = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert {line["state"] for line in lines} == {"begin", "end"}
    assert "a begin is told at most 0.73 s after it" in err
    assert got[:1] == b"\x10" and b"MQTT" in got
    assert out.splitlines()[-1].encode() in got and b"home/sounds" in got


def test_a_broker_that_refuses():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def broker():
            stream, _ = server.accept()
            with stream:
                stream.recv(1024)
                stream.sendall(b"\x20\x02\x00\x05")  # not authorised

        thread = threading.Thread(target=broker)
        thread.start()
        why = ReasonCode(PacketTypes.CONNACK, "Not authorized")
        with pytest.raises(SedError, match=rf"refuses the connection \({why}\)"):
            Publisher(f"127.0.0.1:{server.getsockname()[1]}/a")
        thread.join(timeout=10)


class Microphone:
    """What sounddevice offers, as far as it is used: three seconds, then the user stops."""

    PortAudioError = type("PortAudioError", (Exception,), {})

    def __init__(self, samplerate, channels, device, dtype):
        if device == "absent":
            raise ValueError("No input device matching 'absent'")
        assert (samplerate, channels, dtype) == (RATE, 1, "float32")
        self.left = list(np.split(long_sound(3.0)[:, None], 30))

    InputStream: type

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def read(self, frames):
        if not self.left:
            raise KeyboardInterrupt
        return self.left.pop(0), False


Microphone.InputStream = Microphone


def test_a_microphone(weights, monkeypatch, capsys):
    base = [f"--weights={weights}", "--gpus=0", "--threads=1", "--jsonl"]
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(SedError, match=r"needs sounddevice .*\.\[live\]'.*PortAudio"):
        listen([*base, "--microphone"])
    monkeypatch.setitem(sys.modules, "sounddevice", Microphone)
    with pytest.raises(SedError, match=r"cannot be used .*matching 'absent'"):
        listen([*base, "--microphone=absent"])
    capsys.readouterr()
    listen([*base, "--microphone"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "begin" in {line["state"] for line in lines}
    assert max(line["heard"] for line in lines) <= 3.0


def test_mistakes_are_one_sentence(weights, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"")))
    base = [f"--weights={weights}", "--gpus=0", "--threads=1"]
    with pytest.raises(SedError, match="the stream cannot be heard"):
        listen(base)
    with pytest.raises(SedError, match=r"absent.wav cannot be heard \(ffmpeg: "):
        listen([*base, f"--source={tmp_path / 'absent.wav'}"])
    cases = {"broker": "expected host/topic", "127.0.0.1:1/a": "no MQTT broker"}
    for address, sentence in cases.items():
        with pytest.raises(SedError, match=sentence):
            Publisher(address)
