"""Whatever cannot be meant, or cannot work, is refused in one sentence before anything runs."""
# ruff: noqa: E501  # a table

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from sed_core.config import systems as config_systems
from sed_core.config.rows import rows, shown
from sed_core.config.training_search import nested
from sed_core.runtime.errors import SedError

ROOT = Path(__file__).resolve().parents[3]
FEW = ("crnn", "crnn_strong")  # a fifth of the time of all
INF, NAN = float("inf"), float("nan")
SPLITS = "datasets.desed.splits"
LEARNS = {
    "data": {"strong": ["synth", "unlabelled"], "unlabelled": None, "pseudo_from": ["crnn"]},
    "training": {"batch_size": [4, 4, 0]},
}
STRONG = {"audio": "elsewhere", "annotations": "elsewhere.tsv", "labels": "strong"}


@cache
def read(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / name).read_text())


def checked(change: dict[Any, Any]) -> dict[str, Any]:
    """The systems under `config.yaml` with some values at dotted places."""
    base = read("config.yaml")
    base = {**base, "systems": {name: base["systems"][name] for name in FEW}, "targets": [*FEW]}
    for place, value in change.items():
        base = config_systems.merge(base, nested({place: value}))
    systems = config_systems.systems(base)
    shown(rows(base, systems), base)
    return systems


CASES: list[tuple[dict[str, Any], str]] = [
    # names of nothing
    ({"defaults.training.batch_sise": [1]}, "unknown key 'batch_sise' (did you mean 'batch_size'?)"),
    ({"defaults.net.dropuot": 0.3}, "unknown key 'dropuot' (did you mean 'dropout'?)"),
    ({"compute.gpu": 1}, "unknown key 'gpu' (did you mean 'gpus'?)"),
    ({"dataset": "desedd"}, "dataset 'desedd' is not defined"),
    ({"systems.mine.data.strong": ["stong"]}, "data names split 'stong'"),
    ({"targets": ["crnn", "crn"]}, "targets: there is no system 'crn'"),
    ({"energy.reference": "crn"}, "energy.reference: there is no system 'crn'"),
    ({"systems.mine.pretrained.model": "pans"}, "there is ast, panns, beats, yamnet, frame_mn06, atst_strong, atst_as2m, beats_strong, frame_mn10. Did you mean 'panns'?"),
    # what does nothing, or fails, together
    (
        {"systems.mine.pretrained": {"model": "ast", "freezed": False}},
        "systems.mine: pretrained.freezed is false, but embeddings from files cannot",
    ),
    (
        {"systems.mine.scaler": {"min_range_db": 50, "normtype": "mean"}},
        "systems.mine: scaler.min_range_db is 50, but only statistic instance with normtype minmax",
    ),
    (
        {"systems.mine.scaler": {"range": [1, -1]}},
        "systems.mine: scaler.range is [1, -1]; expected [lowest, highest]",
    ),
    (
        {"systems.mine.opt.schedule": {"name": "dcase2024", "anneal_from": 300}},
        "systems.mine: opt.schedule: anneal_from is 300, but the warm-up lasts 50 and the training 200",
    ),
    (
        {"systems.mine.opt.schedule": {"name": "dcase2024"}},
        "systems.mine: opt.schedule: dcase2024 needs anneal_from, a whole number from 1 on; add it",
    ),
    ({"systems.mine.opt.schedule.name": "dcase2025"}, "opt.schedule: there is no such entry 'dcase2025'; there is dcase2022"),
    (
        {"systems.mine.opt.schedule": {"name": "linear_cosine", "warmup": 5}},
        "systems.mine: opt.schedule: linear_cosine has no option 'warmup'; it has warmup_steps",
    ),
    ({"systems.mine.opt.optimizer": "sgd"}, "opt.optimizer: 'sgd' is not one of ['adam', 'adamw']"),
    (
        {"targets": ["mine"], "systems.mine.training.strong_parts": [{"splits": ["synth"], "clips": 5}]},
        "systems.mine: training.strong_parts has 5 clips in all, but training.batch_size takes 12",
    ),
    (
        {"targets": ["mine"], "systems.mine.training.strong_parts": [{"splits": ["strong"], "clips": 12}]},
        "systems.mine: training.strong_parts names strong, but data.strong has synth",
    ),
    (
        {"targets": ["mine"], "systems.mine.training.strong_parts": [
            {"splits": ["synth"], "clips": 6}, {"splits": ["synth"], "clips": 6, "consistency": False},
        ]},
        "a part with consistency: false stands behind one with it; put it first",
    ),
    (
        {"datasets.desed.splits.strong.classes": ["Dog"], "targets": ["mine"], "systems.crnn_strong": {}, "systems.mine.data.strong": ["synth", "strong"]},
        "systems.mine: synth, strong tell of different classes, but would be mixed",
    ),
    (
        {"systems.mine.scaler": {"statistic": "dataset", "normtype": "mean", "dims": [0, 2]}},
        "systems.mine: scaler.dims has 0, the batch, but statistic dataset is taken over all clips",
    ),
    ({"systems.mine.training.loss.name": "bcee"}, "training.loss: there is no such entry 'bcee'; there is bce"),
    (
        {"systems.mine.training.loss": {"gamma": 1}},
        "systems.mine: training.loss: bce has no option 'gamma'; it has none",
    ),
    (
        {"systems.mine.training.loss": {"name": "asymmetric_focal", "gamma": -1}},
        "gamma of asymmetric_focal is -1; expected a number from 0 on",
    ),
    ({"systems.mine.training.self_sup_loss": "mae"}, "self_sup_loss: 'mae' is not one of ['mse', 'bce']"),
    (
        {"systems.mine.data": {"windows": "per_second", "crop": "start"}},
        "systems.mine: data.windows is per_second, but the windows would all be of the clip's",
    ),
    ({"systems.mine.pretrained.e2e": True}, "pretrained.model names no network"),
    (
        {"systems.mine": {"pretrained": {"model": "ast", "mixup": True}, "training": {"mixup": None}}},
        "systems.mine: pretrained.mixup is true, but training.mixup is null",
    ),
    ({"systems.mine": {"checkpoint": "a.ckpt", "seeds": [1, 2]}}, "one checkpoint is given for 2 seeds"),
    # numbers that are none, wherever they stand
    ({"defaults.opt.lr": INF}, "defaults.opt.lr: inf is not a finite number"),
    ({"defaults.opt.lr": NAN}, "defaults.opt.lr: nan is not a finite number"),
    ({"defaults.opt.lr": "inf"}, "opt.lr: 'inf' is not of type 'number'"),
    ({"defaults.opt.lr": "1e-3"}, "write 0.001, or 1.0e-3"),
    ({"defaults.opt.lr": 0}, "opt.lr: 0 is less than or equal to the minimum of 0"),
    ({"defaults.opt.lr": -0.1}, "opt.lr: -0.1 is less than"),
    ({"defaults.opt.lr": True}, "opt.lr: True is not of type 'number'"),
    ({"datasets.desed.clip_seconds": NAN}, "clip_seconds: nan is not a finite number"),
    ({"datasets.desed.clip_seconds": INF}, "clip_seconds: inf is not a finite number"),
    ({"datasets.desed.clip_seconds": 1e9}, "clip_seconds: 1000000000.0 is greater than"),
    ({"datasets.desed.clip_seconds": 0}, "clip_seconds: 0 is less than or equal to"),
    ({"datasets.desed.clip_seconds": 0.01}, "a clip of 0.01 s has only 160 samples"),
    ({"datasets.desed.sample_rate": 10**9}, "sample_rate: 1000000000 is greater than"),
    ({"defaults.training.const_max": INF}, "const_max: inf is not a finite number"),
    ({"defaults.training.gradient_clip": NAN}, "gradient_clip: nan is not a finite number"),
    ({"defaults.training.ema_factor": 1}, "ema_factor: 1 is greater than or equal to"),
    ({"defaults.data.weak_split": 1}, "weak_split: 1 is greater than or equal to"),
    ({"defaults.data.min_coverage": 1.5}, "min_coverage: 1.5 is greater than"),
    ({"defaults.net.initial_posterior": 1}, "initial_posterior: 1 is greater than or equal to"),
    ({"defaults.seeds": [2**32]}, "seeds.0: 4294967296 is greater than"),
    ({"defaults.seeds": [1, 1]}, "seeds: [1, 1] has non-unique elements"),
    ({"defaults.seeds": []}, "seeds: [] should be non-empty"),
    ({"defaults.data.split_seed": 2**32}, "split_seed: 4294967296 is greater than"),
    ({"defaults.training.n_epochs": 10.0}, "n_epochs: 10.0 is not of type 'integer'"),
    ({"defaults.training.n_epochs": 0}, "n_epochs: 0 is less than the minimum"),
    ({"defaults.training.batch_size": [12, 12]}, "batch_size: [12, 12] is too short"),
    ({"defaults.training.batch_size": [-1, 12, 24]}, "batch_size.0: -1 is less than the minimum"),
    ({"defaults.training.batch_size": [12, 0, 24]}, "takes no weak clips, but data.weak names a split"),
    ({"defaults.data.unlabelled": None}, "takes 24 unlabelled clips, but data.unlabelled names no split"),
    (
        {"defaults.data": {"strong": [], "weak": None}, "defaults.training.batch_size": [0, 0, 24]},
        "neither strong nor weak clips",
    ),
    ({"defaults.training.median_window": 4.5}, "median_window: 4.5 is not of type 'integer', 'array'"),
    ({"defaults.training.validation_interval": 201}, "only 200 epochs, so no network would be"),
    ({"defaults.scoring.median_window": 0}, "median_window: 0 is less than the minimum"),
    ({"defaults.scoring.median_window": [*[4] * 9, 0]}, "median_window.9: 0 is less than the minimum"),
    ({"defaults.scoring.median_window": [5, 7]}, "median_window has 2 windows, but data set 'desed' has 10 classes"),
    ({"defaults.scoring.n_thresholds": 10**9}, "n_thresholds: 1000000000 is greater than"),
    ({"defaults.scoring.bootstrap": 10**9}, "bootstrap: 1000000000 is greater than"),
    ({"compute.memory_gb": INF}, "memory_gb: inf is not a finite number"),
    ({"compute.threads": 0}, "compute.threads: 0 is less than the minimum"),
    (
        {"defaults.training.precision": "16-mixed", "compute.gpus": 0},
        "16-mixed needs a GPU, but compute.gpus is 0",
    ),
    # features
    ({"defaults.feats.n_window": 2047}, "n_window: 2047 is not a multiple of 2"),
    ({"defaults.feats.n_window": 2048.0}, "n_window: 2048.0 is not of type 'integer'"),
    ({"defaults.feats.n_mels": 1026}, "n_mels is 1026, but a window of 2048 samples has only 1025"),
    ({"defaults.feats.hop_length": 2049}, "hop_length is 2049, longer than feats.n_window (2048)"),
    ({"defaults.feats.f_max": 8001}, "f_max is 8001 Hz, but audio of sample_rate 16000 ends at 8000"),
    ({"datasets.desed.sample_rate": 8000, "targets": ["crnn"]}, "sample_rate 8000 ends at 4000 Hz"),
    ({"defaults.feats.f_min": 8000}, "f_min (8000 Hz) must be below feats.f_max (8000 Hz)"),
    ({"defaults.feats.n_window": 2**20}, "n_window is 1048576, but a clip of 10 s has only 160000"),
    # network
    ({"systems.mine.opt.encoder_decay": 0.5}, "of a pretrained network that is trained along; set pretrained.e2e"),
    (
        {
            "systems.mine.pretrained": {"model": "panns", "e2e": True, "freezed": False},
            "systems.mine.opt.encoder_decay": 0.5,
        },
        "opt.encoder_decay is from block to block, but panns states none",
    ),
    ({"systems.mine.training.start_from": "mine"}, "training.start_from: there is no other system 'mine'"),
    (
        {"systems.mine.training": {"start_from": "crnn", "resume_from": "a.pt"}},
        "training.start_from names a system to start from, and training.resume_from a file",
    ),
    (
        {"systems.mine.data.pseudo_from": ["crnn"], "targets": ["mine"]},
        "pseudo_from names systems that label, but no split of data.strong has labels: none",
    ),
    (
        {"systems.mine": LEARNS, "systems.mine.data.pseudo_from": [], "targets": ["mine"]},
        "name another split, or in data.pseudo_from the systems that label it",
    ),
    ({"systems.mine": LEARNS, "systems.mine.data.pseudo_from": ["crn"]}, "pseudo_from: there is no other system 'crn'"),
    ({"systems.mine": LEARNS, "systems.mine.data.pseudo_from": ["mine"]}, "there is no other system 'mine'"),
    (
        {"systems.mine": LEARNS, "systems.second": LEARNS, "systems.mine.data.pseudo_from": ["second"], "systems.second.data.pseudo_from": ["mine"]},
        "second learn from mine themselves; let a system learn from earlier ones only",
    ),
    (
        {"systems.mine": LEARNS, "systems.mine.data.pseudo_from": ["crnn", "wide"], "systems.wide.feats.hop_length": 512},
        "crnn and wide have frames of 1024 and 2048 samples; average systems with equal frames",
    ),
    ({"systems.mine.net.head": {"name": "atention"}}, "there is attention, mean. Did you mean 'attention'?"),
    ({"systems.mine.net.head": {"name": "attention", "axis": "mel"}}, "axis of attention is 'mel'; expected one of class, time"),
    ({"systems.mine.net.fusion": {"name": "frame", "cells": 0}}, "cells of frame is 0; expected a whole number from 1 on"),
    ({"defaults.net.pooling": [[1, 2]] * 6 + [[1, 4]]}, "pooling leaves none of 128 bands"),
    ({"defaults.net.pooling": [[1, 2]] * 6 + [[1, 1]]}, "pooling leaves 2 of 128 bands"),
    ({"defaults.net.pooling": [[10, 2]] * 7}, "one frame of 10000000, but a clip of 10 s has only 625"),
    ({"defaults.net.pooling": [[1, 2]] * 6 + [[0, 2]]}, "pooling.6.0: 0 is less than the minimum"),
    ({"defaults.net.pooling": [[2, 2]] * 6}, "lists need an entry for each block of the CNN"),
    ({"defaults.net.nb_filters": [16] * 6}, "lengths are unequal: nb_filters 6, kernel_size 7"),
    ({"defaults.net.kernel_size": [4] + [3] * 6}, "kernel_size has 4; kernels must be odd"),
    ({"defaults.net.kernel_size": [5] + [3] * 6}, "use stride 1 and padding 2"),
    ({"defaults.net.padding": [0] + [1] * 6}, "changes the number of frames, which only net.pooling"),
    ({"defaults.net.stride": [2] + [1] * 6}, "a kernel of 3 with stride 2 and padding 1 changes"),
    ({"defaults.net.n_in_channel": 2}, "n_in_channel is 2, but features have one channel"),
    ({"defaults.net.model": "crn"}, "net.model: there is no network 'crn'; there is crnn"),
    ({"defaults.net.model": ["crnn"]}, "net.model: ['crnn'] is not of type 'string'"),
    ({"defaults.net": None}, "net: there is nothing; expected keys with values"),
    ({"defaults.net.pool_dim": "freq"}, "net: unknown key 'pool_dim' (did you mean 'pooling'?)"),
    (
        {"systems.mine.net": {"model": "fdy_crnn", "kernel_size": [5] * 7}},
        "systems.mine (merged with defaults): net: unknown key 'kernel_size'; valid keys are attention",
    ),
    ({"systems.mine.net": {"model": "fdy_crnn", "pool_dim": "band"}}, "pool_dim: 'band' is not one of"),
    ({"systems.mine.net": {"model": "fdy_crnn", "pooling": [[2, 2]] * 6}}, "lengths are unequal"),
    (
        {"defaults.net.rnn_layers": 1, "defaults.net.dropout_recurrent": 0.2},
        "dropout_recurrent works between layers, but net.rnn_layers is 1",
    ),
    # pretrained networks
    (
        {"systems.mine.pretrained": {"model": "panns", "kind": "mean"}},
        "kind is 'mean', but panns gives only frame, aligned, global, pool1d, interpolate",
    ),
    (
        {"systems.mine.pretrained.model": "panns", "embeddings.panns.network": "pann"},
        "embeddings.panns.network: there is no pretrained network 'pann'; there is ast, ",
    ),
    (
        {"systems.mine.pretrained.model": "panns", "embeddings.panns.options": {"patch_hop": 0.1}},
        "embeddings.panns.options: 'panns' has no 'patch_hop'; its options: none",
    ),
    (
        {"systems.mine.pretrained": {"model": "ast", "kind": "pool1d"}},
        "kind is 'pool1d', but ast gives only frame, aligned, global, mean",
    ),
    (
        {"embeddings.new": read("config.yaml")["embeddings"]["ast"], "systems.mine.pretrained.model": "new"},
        "pretrained.model: there is no pretrained network 'new'; there is ast, atst_frame, beats",
    ),
    ({"embeddings.ast.checksum": "sha256:abc"}, "'sha256:abc' does not fit; expected sha256: and 64"),
    ({"embeddings.ast.weights": ""}, "embeddings.ast.weights: '' should be non-empty"),
    (
        {"systems.mine": {"checkpoint": "a.pt", "training": {"resume_from": "b.ckpt"}}},
        "nothing is trained and training.resume_from does nothing",
    ),
    ({"systems.mine.checkpoint": ""}, "checkpoint: '' should be non-empty"),
    # which split plays which part
    ({"defaults.data.validation": "synth"}, "data.validation is 'synth', which data.strong names too"),
    ({"defaults.data.strong": ["synth", "synth"]}, "data.strong is 'synth', which data.strong names"),
    ({"defaults.data.test": "synth"}, "data.test is 'synth', which data.strong names too"),
    ({"defaults.data.test": "synth_val"}, "data.test is 'synth_val', which data.validation names too"),
    ({"defaults.data.eval": "devtest"}, "data.eval is 'devtest', which data.test names too"),
    ({"defaults.data.strong": ["weak"]}, "data.strong is 'weak', which has labels: weak, but labels"),
    ({"defaults.data.strong": ["unlabelled"]}, "which has labels: none, but labels: strong are needed"),
    ({"defaults.data.weak": "strong"}, "data.weak is 'strong', which has labels: strong, but labels: weak"),
    ({"defaults.data.unlabelled": "strong"}, "add a split of the same folder"),
    ({"defaults.data.validation": "weak"}, "data.validation is 'weak', which has labels: weak"),
    ({"defaults.data.test": "eval", "defaults.data.eval": None}, "data.test is 'eval', which has labels: none"),
    (
        {f"{SPLITS}.again": read("config.yaml")["datasets"]["desed"]["splits"]["devtest"], "defaults.data.validation": "again"},
        "data.test ('devtest') and data.validation ('again') have the same annotations",
    ),
    ({"defaults.data.test": None}, "data.test: there is nothing; expected a value"),
    # names
    ({"systems.tables": {}}, "tables would share its folder with the tables of the results"),
    ({"systems.Data": {}}, "Data would share its folder with the data of the results"),
    ({"ensembles.plots": ["crnn"]}, "plots would share its folder with the plots of the results"),
    ({"systems.Crnn": {}}, "systems: crnn and Crnn differ in case only"),
    ({"ensembles.CRNN": ["crnn"]}, "systems: crnn and CRNN differ in case only"),
    (
        {"postprocessing.SEBBS": read("config.yaml")["postprocessing"]["sebbs"]},
        "postprocessing: sebbs and SEBBS differ in case only",
    ),
    ({"systems.my system": {}}, "'my system' does not fit; expected a name of letters, digits and _"),
    ({"systems.mine\n": {}}, "holds a tab, a line end or another invisible character"),
    ({"systems.mine": None}, "systems.mine: there is nothing; expected keys with values"),
    ({f"{SPLITS}.training": STRONG}, "splits.training has the name of another result's files"),
    ({f"{SPLITS}.weak_durations": STRONG}, "splits.weak_durations has the name of another result's"),
    ({f"{SPLITS}.Weak": STRONG}, "'Weak' does not fit; expected a name of small letters"),
    ({"datasets.desed.classes": ["Cat\tDog"]}, "classes.0: 'Cat\\tDog' holds a tab, a line end"),
    ({"datasets.desed.classes": ["Cat", "Dog\n"]}, "classes.1: 'Dog\\n' holds a tab, a line end"),
    ({"datasets.desed.classes": [" Cat"]}, "classes.0: ' Cat' begins or ends with a space"),
    ({"datasets.desed.classes": ["Cat, small"]}, "class 'Cat, small' cannot be told apart"),
    ({"datasets.desed.classes": ["-Cat"]}, "class '-Cat' cannot be told apart"),
    ({"datasets.desed.classes": ["NaN"]}, "class 'NaN' cannot be told apart"),
    ({"datasets.desed.classes": ["Cat", "Cat"]}, "classes: ['Cat', 'Cat'] has non-unique elements"),
    ({"datasets.desed.classes": []}, "classes: [] should be non-empty"),
    ({"datasets.desed.classes": [True]}, "classes.0: True is not of type 'string'"),
    ({"pathvars.results": ""}, "pathvars.results: '' does not"),
    ({"pathvars.results": "results/{system}"}, "pathvars.results: 'results/{system}' does not"),
    ({"pathvars.logs": "logs\n"}, "pathvars.logs: 'logs\\n' holds a tab, a line end"),
    ({"energy.country": "FRA\n"}, "energy.country: 'FRA\\n' holds a tab, a line end"),
    ({"energy.country": "FRA; rm x"}, "does not fit; expected an ISO 3166 code"),
    ({"energy.country": "France"}, "'France' does not fit; expected an ISO 3166 code"),
    # data sets
    ({f"{SPLITS}.devtest": {"audio": "a", "labels": "weak"}}, "data.test is 'devtest', which has labels: weak"),
    ({f"{SPLITS}.more": {"audio": "a", "labels": "strong"}}, "splits.more has labels: strong but no annot"),
    ({"datasets.desed.root": ""}, "root: '' should be non-empty"),
    ({"datasets.desed.source": "synthesis"}, "source is synthesis, which needs a seed"),
    (
        {"datasets.desed.source": "synthesis", "datasets.desed.seed": 1},
        "splits.synth does not say what to synthesise",
    ),
    # tuning
    ({"postprocessing.cw-median.grid.window": [7, -3]}, "window.1: -3 is less than the minimum"),
    ({"postprocessing.cw-median.grid.window": [7.5]}, "window.0: 7.5 is not of type 'integer'"),
    ({"postprocessing.cw-median.grid.window": [7.0]}, "window.0: 7.0 is not of type 'integer'"),
    ({"postprocessing.cw-median.grid.window": []}, "window: [] should be non-empty"),
    ({"postprocessing.cw-median.grid.window": 7}, "window: 7 is not of type 'array'"),
    ({"postprocessing.cw-median.grid.windw": [7]}, "unknown key 'windw' (did you mean 'window'?)"),
    ({"postprocessing.cw-median.grid.absolute": [0.2]}, "unknown key 'absolute'"),
    ({"postprocessing.sebbs.grid.filter_seconds": [0]}, "filter_seconds.0: 0 is less than or equal"),
    ({"postprocessing.sebbs.grid.filter_seconds": [61]}, "filter_seconds.0: 61 is greater than"),
    ({"postprocessing.sebbs.grid.absolute": [-1]}, "absolute.0: -1 is less than the minimum"),
    ({"postprocessing.sebbs.grid.relative": [0.5]}, "relative.0: 0.5 is less than the minimum"),
    ({"postprocessing.sebbs.grid.relative": [2, 2]}, "relative: [2, 2] has non-unique elements"),
    ({"postprocessing.sebbs.grid.weak_mask": [1]}, "weak_mask.0: 1 is not of type 'boolean'"),
    ({"postprocessing.sebbs.method": "boxes"}, "method: 'boxes' is not one of"),
    ({"postprocessing.mine": {"method": "median", "tune_on": "validation", "objective": "psds1", "grid": {}}}, "'window' is a required property"),
    ({"postprocessing.sebbs.tune_on": "weak"}, "tune_on is 'weak', but it must be 'validation' or a"),
    ({"postprocessing.sebbs.tune_on": "nowhere"}, "tune_on is 'nowhere', but it must be 'validation'"),
    ({"postprocessing.sebbs.tune_on": "devtest"}, "tune_on is 'devtest', which crnn is evaluated on"),
    # systems side by side
    (
        {"systems.mine.data.test": "strong", "targets": ["crnn", "mine"]},
        "targets: crnn and mine differ in data.test (devtest, strong)",
    ),
    (
        {"systems.mine.scoring.bootstrap": 0, "targets": ["crnn", "mine"]},
        "targets: crnn and mine differ in scoring.bootstrap (1000, 0)",
    ),
    (
        {"systems.mine.scoring.eventless_clips": "score", "targets": ["crnn", "mine"]},
        "targets: crnn and mine differ in scoring.eventless_clips (skip, score)",
    ),
    (
        {"systems.mine.data.test": "strong", "targets": ["mine"], "energy.reference": "crnn"},
        "energy.reference: crnn is not run on 'strong'",
    ),
    ({"ensembles.both": []}, "ensembles.both: [] should be non-empty"),
    ({"ensembles.both": ["crnn", "crnn"]}, "ensembles.both: ['crnn', 'crnn'] has non-unique"),
    (
        {"systems.mine.data.validation": "synth", "ensembles.both": ["crnn", "mine"]},
        "systems.mine: data.validation is 'synth', which data.strong names too",
    ),
    ({"ensembles.both": ["crnn", "crn"]}, "ensembles.both: there is no system 'crn'"),
    (
        {"systems.mine.feats.hop_length": 512, "ensembles.both": ["crnn", "mine"]},
        "ensembles.both: crnn and mine have frames of 1024 and 2048 samples",
    ),
    ({"targets": []}, "targets: [] should be non-empty"),
    ({"targets": ["crnn", "crnn"]}, "targets: ['crnn', 'crnn'] has non-unique elements"),
    ({"defaults": None}, "defaults: there is nothing; expected keys with values"),
    ({"systems": {}, "targets": ["crn"]}, "targets: there is no system 'crn'"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), CASES)
def test_nonsense_is_one_sentence(change, words):
    with pytest.raises(SedError) as refused:
        checked(change)
    sentence = str(refused.value)
    assert words in sentence
    assert sentence.startswith("config: ") and sentence.endswith((".", "?"))
    assert "\n" not in sentence


@pytest.mark.parametrize("key", [1, True, None])
def test_a_key_that_yaml_reads_as_something_else_is_named(key):
    base = config_systems.merge(read("config.yaml"), {"compute": {key: 1}})
    with pytest.raises(SedError, match=f"compute: the key {key} is not text; put it in quotes"):
        config_systems.systems(base)


SENSIBLE: list[dict[str, Any]] = [
    {},
    {"defaults.net.model": "crnn", "defaults.seeds": [2**32 - 1]},
    {"systems.mine.net": {"model": "fdy_crnn", "pool_dim": "freq"}},
    {"embeddings.ast.note": "two\nlines \n"},
    {"defaults.data.eval": "weak"},  # predicted only
    {f"{SPLITS}.heard": {"audio": "audio/train/weak", "labels": "none"}, "defaults.data.unlabelled": "heard"},
    {"defaults.feats.n_mels": 129},  # pooled as 128 are
    {"systems.mine.checkpoint": "public.ckpt", "systems.mine.data.validation": "synth"},
    {"systems.mine": {"checkpoint": "public.ckpt", "feats": {"n_mels": 64}}},  # it has its own
    {"systems.mine": LEARNS},
    {"systems.mine.data.test": "strong"},  # nobody asks for a table with it
    {"systems.mine.data.test": "strong", "targets": ["mine"]},
    {"systems.mine.data.validation": "strong"},  # then crnn_strong of the same data is no obstacle
    {"datasets.desed.classes": ["Chien qui aboie", "Été", "女"]},
    {"energy.country": "DEU", "postprocessing.sebbs.tune_on": "strong"},
]  # fmt: skip


@pytest.mark.parametrize("change", SENSIBLE)
def test_what_makes_sense_is_not_refused(change):
    assert "crnn" in checked(change)


def test_faults_of_what_nobody_asks_for_are_said_when_it_is_asked_for():
    base = config_systems.merge(
        read("config.yaml"), {"systems": {"mine": {"data": {"validation": "synth"}}}}
    )
    assert "mine" not in config_systems.systems(base)
    assert "data.validation is 'synth', which data.strong names too" in config_systems.unfit(
        "mine", base
    )
