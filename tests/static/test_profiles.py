"""Profiles are options written down: each must be one that Snakemake, or its plugin, has."""

import re

import pytest
import yaml
from snakemake.cli import get_argument_parser

from tests.workflow_runner import ROOT

PROFILES = sorted((ROOT / "profiles").glob("*/config.yaml"))
RULES = {
    name
    for file in (ROOT / "rules").glob("*.smk")
    for name in re.findall(r"^ *rule (\w+):", file.read_text(), re.M)
}


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_keys_are_options(path):
    profile = yaml.safe_load(path.read_text())
    known = {
        option.lstrip("-")
        for action in get_argument_parser()._actions
        for option in action.option_strings
    }
    plugin = profile.get("executor", "")
    strange = {key for key in profile if key not in known}
    assert all(plugin and key.startswith(f"{plugin}-") for key in strange), strange


def test_the_gpu_limit_of_the_default_profile_is_the_machines():
    """It is read beside every other profile and would override theirs."""
    profile = yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text())
    assert "resources" not in profile
    slurm = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
    assert slurm["resources"]["gpu"] > 1
    assert slurm["retries"] >= 1  # what resumes after a time limit


def test_rules_named_in_comments_exist():
    for path in PROFILES:
        for name in re.findall(r"^#   (\w+): \{", path.read_text(), re.M):
            assert name in RULES
