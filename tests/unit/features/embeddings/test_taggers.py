"""Small networks that are pretrained on clip labels: what a step sees, and that they learn."""

import numpy as np
import pandas as pd
import pytest
import torch

from sed_core.data.corpus import write_corpus
from sed_core.features.embeddings.ast import N_SPECIAL, N_TIMES
from sed_core.features.embeddings.pretrain import pretrain
from sed_core.features.embeddings.taggers import PRIOR, TAGGERS, ASTTagger


def test_a_step_of_ast_sees_the_tokens_of_its_moments():
    torch.manual_seed(0)
    tagger, features = ASTTagger(3), torch.randn(2, 1024, 128)
    whole = tagger.encoder.patches(features)
    patches = whole[:, N_SPECIAL:].unflatten(1, (-1, N_TIMES))
    moments = torch.tensor([0, 7, 100])
    expected = torch.cat((whole[:, :N_SPECIAL], patches[:, :, moments].flatten(1, 2)), dim=1)
    torch.testing.assert_close(tagger._tokens(features, moments), expected)


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    """Clips of a low or of a high tone, and their labels."""
    folder = tmp_path_factory.mktemp("tones")
    generator = np.random.default_rng(0)
    pitches = {"low": 300, "high": 3000}
    names, clips, labels = [], [], []
    for number in range(12):
        label = ("low", "high")[number % 2]
        tone = np.sin(2 * np.pi * pitches[label] * np.arange(160000) / 16000)
        clips.append((3000 * tone + generator.normal(0, 100, 160000)).astype(np.float32) / 32768)
        names.append(f"Y{number}_0.000_10.000.wav")
        labels.append(label)
    write_corpus(
        folder / "tagging.h5",
        filenames=names,
        digests=[str(number) for number in range(12)],
        lengths=[160000] * 12,
        clips=clips,
        sample_rate=16000,
    )
    table = pd.DataFrame({"filename": names, "event_labels": labels})
    table.to_csv(folder / "tagging.tsv", sep="\t", index=False)
    return folder, clips, labels


def posteriors(name, tones, *, steps):
    folder, clips, _ = tones
    tagger = pretrain(
        name,
        folder / "tagging.h5",
        folder / "tagging.tsv",
        classes=["low", "high"],
        clip_seconds=10.0,
        steps=steps,
        batch_size=4,
        seed=0,
    )
    waveforms = torch.from_numpy(np.stack(clips))
    with torch.inference_mode():
        return tagger(tagger.encoder.features(waveforms))[0].sigmoid()


@pytest.mark.parametrize("name", sorted(TAGGERS))
def test_it_begins_at_the_prior(name, tones):
    assert abs(posteriors(name, tones, steps=1).mean() - PRIOR) < 0.08


def test_it_learns_to_tell_sounds_apart(tones):
    trained = posteriors("ast", tones, steps=60)
    right = torch.tensor([label == "high" for label in tones[2]])
    assert ((trained[:, 1] > trained[:, 0]) == right).all()
