"""Decoding against the original: threshold first, then a median filter, 50 times."""

import numpy as np
import pandas as pd

from sed_core.scoring.decode import decode, decode_many, median_filter, operating_points
from sed_core.scoring.score_file import masked
from tests.parity.subset import Arrays


def test_fifty_thresholds_give_the_events_of_the_original(golden):
    data = golden("decode")
    scores = median_filter(data["strong"].transpose(0, 2, 1), 7)
    np.testing.assert_array_equal(operating_points(50), data["thresholds"])
    tables = decode_many(scores, data["thresholds"], frame_seconds=0.064)
    n_clips, _, n_classes = scores.shape
    for events, count, seconds in zip(tables, data["count"], data["total_seconds"], strict=True):
        cell = events.clip * n_classes + events.label
        size, shape = n_clips * n_classes, (n_clips, n_classes)
        np.testing.assert_array_equal(np.bincount(cell, minlength=size).reshape(shape), count)
        lengths = np.bincount(cell, events.offset - events.onset, minlength=size)
        np.testing.assert_allclose(lengths.reshape(shape), seconds, rtol=0, atol=1e-12)


def test_events_at_half_are_equal_bit_by_bit_and_in_order(golden):
    data = golden("decode")
    scores = median_filter(data["strong"].transpose(0, 2, 1), 7)
    events = decode(scores, 0.5, frame_seconds=0.064)
    ours = np.stack([events.clip, events.label, events.onset, events.offset], axis=1)
    np.testing.assert_array_equal(ours, data["events_at_half"])


def test_scores_of_a_real_looking_system_decode_as_by_the_recipe(reference_file):
    folder = "scoring/scores_good"
    data = Arrays(reference_file(f"{folder}/good_unfiltered_first100.npz"))
    classes = Arrays(reference_file(f"{folder}/good.npz"))["classes"]
    scores = median_filter((data["raw"] / data["denominator"]).astype(np.float32), 7)
    recipe = pd.read_csv(reference_file(f"{folder}/good_first100_decoded_by_recipe.tsv"), sep="\t")
    columns = ["filename", "event_label", "onset", "offset"]
    thresholds = sorted(recipe.threshold.unique())
    tables = decode_many(scores, thresholds, frame_seconds=0.064)
    for threshold, events in zip(thresholds, tables, strict=True):
        names = np.array([name.removesuffix(".wav") + ".wav" for name in data["clips"]])
        ours = pd.DataFrame(
            {
                "filename": names[events.clip],
                "event_label": classes[events.label],
                "onset": events.onset,
                "offset": events.offset,
            }
        )
        theirs = recipe.loc[recipe.threshold == threshold, columns]
        ours, theirs = (
            t.sort_values(columns).reset_index(drop=True).round(6) for t in (ours, theirs)
        )
        pd.testing.assert_frame_equal(ours, theirs)
        assert len(ours) > 0


def test_clips_mask_their_frames_as_in_fdy_sed(zoo):
    """It sets a class to 0 where the clip is below the threshold, and filters binary frames."""
    data = zoo("fdy_decode")
    strong = data["strong"].transpose(0, 2, 1)
    scores = median_filter(masked(strong, data["weak"]), data["windows"].tolist())
    ours = np.stack([scores > threshold for threshold in data["thresholds"]], axis=1)
    assert np.array_equal(ours, data["active"])
    unmasked = median_filter(strong, data["windows"].tolist()) > data["thresholds"][0]
    assert (unmasked & ~ours[:, 0]).any()


def test_every_array_is_read(unread):
    assert unread == []
