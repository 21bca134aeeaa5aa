"""What a GPU computes is what a processor computes: `pytest -m gpu` where there is one."""

import numpy as np
import pytest
import torch

from sed_core.features.embeddings.embedding_file import EmbeddingFile
from sed_core.features.embeddings.encoder_weights import load_encoder
from sed_core.features.embeddings.extract import extract
from sed_core.models.crnn import CRNN, build_crnn
from sed_core.runtime.files import read_json
from tests.unit.training import test_embeddings

DEVICE = "cuda"
DTYPES = {"32-true": None, "bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
TOLERANCES = {"32-true": 2e-3, "bf16-mixed": 3e-2, "16-mixed": 1e-2}  # 2e-3: TF32
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]
data = test_embeddings.data
trained = test_embeddings.trained


def network(kind: str | None) -> CRNN:
    torch.manual_seed(0)
    net = {
        "nb_filters": [16, 32, 32],
        "kernel_size": [3, 3, 3],
        "stride": [1, 1, 1],
        "padding": [1, 1, 1],
        "pooling": [[2, 8], [2, 4], [1, 4]],
        "n_RNN_cell": 32,
        "dropout": 0.0,
        "frame_emb_enc_dim": 24,
        "embedding_size": 40,
    }
    fused = {"use_embeddings": kind is not None, "embedding_type": kind or "global"}
    return build_crnn({**net, **fused}, 3)


@pytest.mark.parametrize("precision", DTYPES)
@pytest.mark.parametrize("kind", [None, "frame", "global", "aligned"])
def test_networks_agree(kind, precision):
    """Posteriors, and the gradients of a loss that all layers have a part in."""
    generator = torch.Generator().manual_seed(1)
    features = torch.rand(4, 128, 40, generator=generator)
    shape = {"frame": (4, 40, 50), "global": (4, 40), "aligned": (4, 40, 10)}.get(kind)
    embeddings = None if shape is None else torch.randn(shape, generator=generator)
    labels = (torch.rand(4, 3, 10, generator=generator) > 0.5).float()
    found = []
    for device, dtype in (("cpu", None), (DEVICE, DTYPES[precision])):
        model = network(kind).train().to(device)
        moved = None if embeddings is None else embeddings.to(device)
        with torch.autocast(device, dtype=dtype, enabled=dtype is not None):
            strong, weak = model(features.to(device), moved)
        assert strong.dtype == weak.dtype == torch.float32
        loss = torch.nn.functional.binary_cross_entropy(strong, labels.to(device)) + weak.mean()
        loss.backward()
        slopes = [p.grad.cpu() for p in model.parameters()]
        found.append((strong.detach().cpu(), weak.detach().cpu(), slopes))
    tolerance = TOLERANCES[precision]
    for expected, other in zip(found[0][:2], found[1][:2], strict=True):
        assert (other - expected).abs().max() < tolerance
    for expected, other in zip(found[0][2], found[1][2], strict=True):
        assert (other - expected).norm() < 10 * tolerance * expected.norm() + 1e-3


@pytest.mark.parametrize("precision", DTYPES)
@pytest.mark.parametrize("kind", test_embeddings.KINDS)
@pytest.mark.parametrize("e2e", [False, True])
def test_training_moves_all_that_learns_and_stays_finite(data, tmp_path, kind, e2e, precision):
    """Mixup, fine-tuning, half precision with its scaler, validation, the best networks."""
    _, outcome = trained(
        data,
        tmp_path,
        training_mixup="soft",
        training={"precision": precision},
        kind=kind,
        e2e=e2e,
        freezed=not e2e,
    )
    for networks in (outcome.networks.student, outcome.networks.teacher, outcome.networks.encoder):
        assert all(bool(value.isfinite().all()) for value in networks.values())
    student, teacher = outcome.networks.student, outcome.networks.teacher
    assert not torch.equal(student["dense.weight"], teacher["dense.weight"])
    assert all(np.isfinite(value) for value in outcome.history[-1].values())


@pytest.mark.parametrize("kind", test_embeddings.KINDS)
def test_extracted_embeddings_agree(data, tmp_path, kind):
    receipt = read_json(data / "embeddings/panns/weights.json")
    extract(
        load_encoder("panns", receipt["path"]).to(DEVICE),
        data / "audio16k/weak.h5",
        tmp_path / "weak.h5",
        kind=kind,
        clip_seconds=1,
        batch_size=4,
        precision="32-true",
        receipt=receipt,
    )
    expected = EmbeddingFile.open(data / "embeddings/panns" / f"weak_{kind}.h5").rows
    np.testing.assert_allclose(EmbeddingFile.open(tmp_path / "weak.h5").rows, expected, atol=2e-2)
