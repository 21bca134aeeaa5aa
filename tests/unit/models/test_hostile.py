"""Files of networks that are damaged or made to do harm: one sentence each, and nothing is run."""

import json
import pickle
import random
import struct
import zipfile
from dataclasses import asdict
from functools import partial

import pytest
import torch
from safetensors.torch import save_file

from sed_core.features.embeddings.encoder_registry import ENCODERS
from sed_core.features.embeddings.encoder_weights import load_encoder
from sed_core.features.safe_load import safe_load
from sed_core.inference.predict import Predictor
from sed_core.models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from sed_core.models.network_registry import build
from sed_core.runtime.errors import SedError
from tests.made_checkpoint import save_lightning
from tests.made_data import tiny_system

HUGE = 10**13
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    """A file of ours and one in the layout of 2022, as the contents that torch would save."""
    folder = tmp_path_factory.mktemp("honest")
    system = tiny_system()
    state = build(system.net, 3).state_dict()
    checkpoint = Checkpoint(state, state, asdict(system))
    save_checkpoint(folder / "ours.pt", checkpoint)
    save_lightning(folder / "public.ckpt", checkpoint)
    return folder


def content(folder, name: str) -> dict:
    return torch.load(folder / name, weights_only=True)


def use(path) -> None:
    """All that prediction does with a file before the first clip."""
    Predictor.from_checkpoint(load_checkpoint(path), CPU)


def sentence(error) -> str:
    text = str(error.value)
    assert "\n" not in text and text.endswith(".") and text.isprintable() and len(text) < 500
    return text


def test_the_honest_file_is_taken(honest):
    use(honest / "ours.pt")
    load_checkpoint(honest / "public.ckpt").networks()


def system_with(**sections) -> str:
    system = asdict(tiny_system())
    for name, values in sections.items():
        system[name] = {**system[name], **values} if isinstance(values, dict) else values
    return json.dumps(system)


KERNEL, CELLS = "cnn.cnn.conv0.weight", "rnn.rnn.weight_hh_l0"
PARTS = {
    "no student": ({"student": None}, "'student' in .* is missing"),
    "a list as student": ({"student": [1, 2]}, "'student' in .* is a list"),
    "a number as teacher": ({"teacher": 7}, "'teacher' in .* is a int"),
    "numbers as tensors": ({"student": {KERNEL: 3}}, "'student' in .* holds a int"),
    "texts as tensors": ({"scaler": {"mean": "x"}}, "'scaler' in .* holds a str"),
    "tensors by number": ({"student": {0: torch.ones(1)}}, "'student' in .* holds a Tensor"),
    "no encoder": ({"encoder": None}, "'encoder' in .* is missing"),
    "broken JSON": ({"system": '{"net": {'}, "configuration inside .* is no JSON object"),
    "a JSON list": ({"system": "[1]"}, "is no JSON object"),
    "deep JSON": ({"system": "[" * 100_000}, "is no JSON object"),
    "bytes as JSON": ({"system": b"\xff\xfe"}, "is no JSON object"),
    "no configuration": ({"system": None}, "is no JSON object"),
    "an empty configuration": ({"system": "{}"}, "configuration lacks 'name'"),
    "a number as section": ({"system": system_with(feats=5)}, "section 'feats' .* is a int"),
    "a missing key": ({"system": system_with(feats={"more": 1})}, "exactly the keys"),
    "a text as number": ({"system": system_with(feats={"n_mels": "x"})}, "does not go together"),
    "no hop": ({"system": system_with(feats={"hop_length": 0})}, "feats.hop_length 0, which"),
    "endless clips": ({"system": system_with(dataset={"clip_seconds": 1e12})}, "clip_seconds 1e"),
    "endless bands": ({"system": system_with(feats={"n_mels": HUGE})}, "feats.n_mels 1e"),
    "no progress": ({"system": system_with(stitching={"hop": -0.5})}, "stitching.hop -0.5, which"),
    "a strange join": ({"system": system_with(stitching={"join": [1]})}, "does not go together"),
    "another join": ({"system": system_with(stitching={"join": "x"})}, "another stitching.join"),
    "a negative range": ({"system": system_with(scaler={"min_range_db": -1})}, "min_range_db -1"),
    "nothing as pooling": ({"system": system_with(net={"pooling": None})}, "cannot be built"),
    "a strange format": ({"format": [1]}, "has format unknown"),
    "a newer format": ({"format": 99}, "has format 99"),
}
TENSORS = {
    "no dense layer": ("dense.bias", None, "'dense.bias' is missing"),
    "a scalar as dense layer": ("dense.bias", torch.tensor(1.0), r"the shape \(\) instead of"),
    "flat kernels": (KERNEL, torch.ones(4), r"the shape \(4,\) instead of"),
    "a gap in the blocks": (KERNEL, None, "'cnn.cnn.conv0.weight' is missing"),
    "another size": ("cnn.cnn.batchnorm0.bias", torch.ones(9), r"\(9,\) instead of \(4,\)"),
    "a missing norm": ("cnn.cnn.batchnorm1.weight", None, "'cnn.cnn.batchnorm1.weight' is missing"),
    "a layer too many": ("fc.weight", torch.ones(2, 2), "'fc.weight' is not one of its tensors"),
    "a repeated number": (CELLS, torch.zeros(1).expand(HUGE), "declares a tensor of .* more than"),
    "an empty giant": (CELLS, torch.zeros(10**9, 0), "cannot be built|instead of"),
    "an empty width": (KERNEL, torch.zeros(10**12, 0, 3, 3), "cannot be built|instead of"),
    "a sparse giant": (
        CELLS, torch.sparse_coo_tensor([[0], [0]], [1.0], (10**9, 10**9)), "declares a tensor"
    ),
    "a tensor without memory": (CELLS, torch.ones(3 * HUGE, device="meta"), "declares a tensor"),
}  # fmt: skip


@pytest.mark.parametrize("case", PARTS)
def test_parts_of_our_file(honest, tmp_path, case):
    change, expected = PARTS[case]
    made = content(honest, "ours.pt") | change
    torch.save({key: value for key, value in made.items() if value is not None}, tmp_path / "x.pt")
    with pytest.raises(SedError, match=expected) as error:
        use(tmp_path / "x.pt")
    sentence(error)


@pytest.mark.parametrize("network", ["student", "teacher"])
@pytest.mark.parametrize("case", TENSORS)
def test_tensors_of_a_network(honest, tmp_path, case, network):
    key, value, expected = TENSORS[case]
    made = content(honest, "ours.pt")
    made[network][key] = value
    if value is None:
        del made[network][key]
    torch.save(made, tmp_path / "x.pt")
    with pytest.raises(SedError, match=expected if network == "student" else None) as error:
        use(tmp_path / "x.pt")
    sentence(error)


PUBLIC = {
    "a list as state dict": ({"state_dict": [1]}, "'state_dict' in .* is a list"),
    "a number as state dict": ({"state_dict": 3}, "'state_dict' in .* is a int"),
    "numbers inside": ({"state_dict": {"sed_student.dense.bias": 1}}, "holds a int"),
    "a tensor as network": ({"sed_student": torch.ones(2)}, "'sed_student' in .* is a Tensor"),
    "no networks": ({"state_dict": {}, "sed_student": None}, "has no network 'sed_student'"),
    "a number as section": ({"hyper_parameters": {"net": 1}}, "section 'net' .* is a int"),
}


@pytest.mark.parametrize("case", PUBLIC)
def test_parts_of_a_public_file(honest, tmp_path, case):
    change, expected = PUBLIC[case]
    torch.save(content(honest, "public.ckpt") | change, tmp_path / "x.ckpt")
    with pytest.raises(SedError, match=expected) as error:
        load_checkpoint(tmp_path / "x.ckpt").networks()
    sentence(error)


def rewritten(source, target, *, change=lambda pickled: pickled, method=zipfile.ZIP_STORED) -> None:
    """A copy of a torch file with its pickle changed, byte by byte, or compressed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", method) as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if name.endswith("/data.pkl") else data)


N = 12345  # values of the tensor below; its number stands twice in the pickle
SHORT, LONG = b"M" + struct.pack("<H", N), b"\x8a\x06" + (2**44).to_bytes(6, "little")


def declared(pickled: bytes, which: int | None) -> bytes:
    """The size of the storage (0), of the tensor (1) or both (None) made 2**44."""
    parts = pickled.split(SHORT)
    assert len(parts) == 3
    signs = [LONG if which in (None, place) else SHORT for place in (0, 1)]
    return parts[0] + signs[0] + parts[1] + signs[1] + parts[2]


SIZES = {
    "storage": partial(declared, which=0),
    "tensor": partial(declared, which=1),
    "both": partial(declared, which=None),
    "text": lambda p: p.replace(b"X\x01\x00\x00\x00w", b"X\xff\xff\xff\x7fw"),
    "bytes": lambda p: p[:2] + b"\x8e" + (2**62).to_bytes(8, "little") + p[2:],
    "half": lambda p: p[: len(p) // 2],
}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("case", SIZES)
def test_declared_sizes_are_not_believed(tmp_path, case, zipped):
    path = tmp_path / "x.pt"
    torch.save({"w": torch.arange(float(N))}, path, _use_new_zipfile_serialization=zipped)
    if zipped:
        rewritten(path, tmp_path / "bad.pt", change=SIZES[case])
    else:
        (tmp_path / "bad.pt").write_bytes(SIZES[case](path.read_bytes()))
    with pytest.raises(SedError, match=r"bad\.pt") as error:
        safe_load(tmp_path / "bad.pt")
    sentence(error)


def test_nesting_without_end(tmp_path):
    """A list in a list in a list, harmless to read: nothing may go down it by recursion."""
    torch.save({"w": torch.ones(1)}, tmp_path / "x.pt")
    deep = b"\x80\x02" + b"]" * 200_000 + b"a" * 199_999 + b"."
    rewritten(tmp_path / "x.pt", tmp_path / "bad.pt", change=lambda pickled: deep)
    with pytest.raises(SedError, match=r"bad\.pt is no checkpoint of this program") as error:
        load_checkpoint(tmp_path / "bad.pt")
    sentence(error)


def test_a_few_bytes_do_not_unfold_to_gigabytes(tmp_path):
    torch.save({"w": torch.zeros(10**6)}, tmp_path / "x.pt")
    rewritten(tmp_path / "x.pt", tmp_path / "bomb.pt", method=zipfile.ZIP_DEFLATED)
    assert (tmp_path / "bomb.pt").stat().st_size < 10**5
    with pytest.raises(SedError, match=r"bomb\.pt is refused: it declares \d+ bytes, more than"):
        safe_load(tmp_path / "bomb.pt")


FOREIGN = {
    "wav": b"RIFF$\xff\x01\x00WAVEfmt " + bytes(range(256)) * 20,
    "mp3": b"ID3\x04" + bytes(range(256)),
    "text": b"cos\nsystem\n(S'true'\ntR.",
    "html": b"<html>sign in</html>",
    "huge count": b"\x80\x02\x8e" + (2**62).to_bytes(8, "little") + b"abc.",
    "plain pickle": pickle.dumps({"state_dict": 1}),
    "empty zip": b"PK\x05\x06" + bytes(18),
    "half a zip": b"PK\x03\x04" + bytes(99),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_other_files_as_model(tmp_path, case):
    (tmp_path / "x.wav").write_bytes(FOREIGN[case])
    with pytest.raises(SedError, match=r"x\.wav") as error:
        load_checkpoint(tmp_path / "x.wav")
    text = sentence(error)
    assert "WAVE" not in text and "\\x" not in text


@pytest.mark.parametrize("name", ["ours.pt", "public.ckpt"])
def test_damaged_at_random(honest, tmp_path, name):
    """60 files with bytes changed or cut: read whole, or refused; never a traceback."""
    whole, rng, refused = (honest / name).read_bytes(), random.Random(1), 0
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(rng.choice([1, 4, 64])):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        (tmp_path / name).write_bytes(
            damaged[: rng.choice([len(whole), rng.randrange(len(whole))])]
        )
        try:
            load_checkpoint(tmp_path / name).networks()
        except SedError as error:
            refused += 1
            assert "\n" not in str(error) and name in str(error)
    assert refused > 15


WEIGHTS = {
    "a list": [1, 2],
    "a number": 3,
    "numbers": {"model": {"bn0.weight": 1}, "v.cls_token": 2},
    "a list inside": {"model": [torch.ones(2)]},
    "empty giants": {
        "model": {f"conv_block{n}.conv1.weight": torch.zeros(10**9, 0) for n in range(1, 7)},
        "net.layernorm.weight": torch.zeros(10**9, 0),
    },
    "scalars": {"cfg": 1, "model": {"encoder.layer_norm.weight": torch.tensor(1.0)}},
}


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("case", WEIGHTS)
def test_weights_of_pretrained_networks(tmp_path, case, encoder):
    torch.save(WEIGHTS[case], tmp_path / "w.pth")
    expected = rf"w\.pth does not hold the weights of '{encoder}'"
    with pytest.raises(SedError, match=expected) as error:
        load_encoder(encoder, tmp_path / "w.pth")
    sentence(error)


def safetensors(header: dict | str, body: bytes = b"") -> bytes:
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    return len(text).to_bytes(8, "little") + text + body


def entry(shape: list[int], begin: int, end: int, dtype: str = "F32") -> dict:
    return {"w": {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}}


SAFETENSORS = {
    "beyond the file": safetensors(entry([HUGE], 0, 4 * HUGE), b"abcd"),
    "another size than the shape": safetensors(entry([HUGE], 0, 4), b"abcd"),
    "unknown numbers": safetensors(entry([1], 0, 4, "F99"), b"abcd"),
    "a list as header": safetensors({"w": [1]}),
    "deep header": safetensors('{"w":' + "[" * 100_000),
    "long header": (2**60).to_bytes(8, "little") + b"{}",
    "cut": safetensors(entry([2], 0, 8), b"abcd"),
}


@pytest.mark.parametrize("case", SAFETENSORS)
def test_safetensors(tmp_path, case):
    (tmp_path / "w.safetensors").write_bytes(SAFETENSORS[case])
    with pytest.raises(SedError, match=r"w\.safetensors") as error:
        load_encoder("ast", tmp_path / "w.safetensors")
    sentence(error)


def test_an_encoder_inside_a_model(honest, tmp_path):
    made = content(honest, "ours.pt")
    told = json.loads(made["system"])
    told["pretrained"] |= {"model": "panns", "e2e": True}
    state = {f"conv_block{n}.conv1.weight": torch.zeros(10**9, 0) for n in range(1, 7)}
    sentences = {"panns": r"x\.pt holds does not go together", "nobody": "no pretrained network"}
    for network, words in sentences.items():
        told["pretrained"]["network"] = network
        torch.save(made | {"encoder": state, "system": json.dumps(told)}, tmp_path / "x.pt")
        with pytest.raises(SedError, match=words) as error:
            use(tmp_path / "x.pt")
        sentence(error)
    save_file({"w": torch.ones(1)}, tmp_path / "w.safetensors")
    with pytest.raises(SedError, match="does not hold the weights of 'ast'"):
        load_encoder("ast", tmp_path / "w.safetensors")
