"""What counts as a change of code."""

import pytest

from sed_core.runtime import code_version
from sed_core.runtime.files import write_json
from sed_core.runtime.provenance import changed_code, collect

FILES = {
    "script.py": "from sed_core.nets.net_registry import NETS\n\ndef main():\n    NETS['one']()\n",
    "sed_core/__init__.py": "",
    "sed_core/nets/__init__.py": "",
    "sed_core/nets/net_registry.py": (
        '"""The networks."""\n'
        "from sed_core.nets.base import Base\n"
        "from sed_core.nets.one import one\n"
        "from sed_core.nets.two import two\n"
        "NETS: dict[str, Base] = {'one': one, 'two': two}\n"
    ),
    "sed_core/nets/base.py": "class Base:\n    size: int = key(1)\n",
    "sed_core/nets/one.py": "def one():\n    return 1\n",
    "sed_core/nets/two.py": "def two():\n    return 2\n",
}


@pytest.fixture
def version(monkeypatch, tmp_path):
    """Writes files and tells the version of the script with network `one`, or with all."""
    monkeypatch.setattr(code_version, "HOME", tmp_path)

    def hashed(edits: dict[str, str] | None = None, entries=("one",)) -> str:
        for name, text in {**FILES, **(edits or {})}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for function in (
            code_version.imported_files,
            code_version._direct_imports,
            code_version._content,
            code_version._tree,
        ):
            function.cache_clear()
        return code_version.code_version("script.py", entries=entries)

    return hashed


ONE, REGISTRY = "sed_core/nets/one.py", "sed_core/nets/net_registry.py"
BASE = "sed_core/nets/base.py"
THIRD = FILES[REGISTRY].replace("'two': two", "'two': two, 'three': three")
THIRD = THIRD.replace("NETS:", "from sed_core.nets.three import three\nNETS:")


@pytest.mark.parametrize(
    "edits",
    [
        {ONE: "# why\ndef one():\n    return 1  # because\n"},
        {ONE: '"""One."""\n\n\ndef one():\n    """Answer 1."""\n    return (\n        1\n    )\n'},
        {ONE: "def one():\n    return 1\n\n\n'what one is'\n"},
        {BASE: "class Base:\n    size: int = key(2, minimum=1)\n    'How large.'\n"},
        {"sed_core/nets/two.py": "def two():\n    return 3\n"},
        {REGISTRY: THIRD, "sed_core/nets/three.py": "def three():\n    return 3\n"},
    ],
)
def test_what_does_nothing_is_no_change(version, edits):
    assert version() == version(edits)


@pytest.mark.parametrize(
    "edits",
    [
        {ONE: "def one():\n    return 2\n"},
        {ONE: "def one():\n    return '1'\n"},
        {ONE: "def one(x=None):\n    return 1\n"},
        {ONE: "from sed_core.nets import base\n\ndef one():\n    return 1\n"},
        {BASE: "class Base:\n    width: int = key(1)\n"},
        {REGISTRY: FILES[REGISTRY].replace("'one': one", "'one': two")},
        {"sed_core/nets/weights.json": "{}"},
        {"script.py": FILES["script.py"].replace("main", "start")},
    ],
)
def test_what_does_something_is_one(version, edits):
    assert version() != version(edits)


def test_without_a_choice_every_entry_counts(version):
    before = version(entries=None)
    assert before != version({"sed_core/nets/two.py": "def two():\n    return 3\n"}, entries=None)


def test_a_change_is_named(version, tmp_path):
    version()
    then = code_version.code_files("script.py", entries=["one"])
    path = tmp_path / "provenance.json"
    assert changed_code(path, then) == []  # nothing was trained
    write_json(path, {"code": then, "seed": 1})
    assert changed_code(path, then) == []
    version({ONE: "import sed_core.nets.two\n"})
    now = code_version.code_files("script.py", entries=["one"])
    assert changed_code(path, now) == [ONE, "sed_core/nets/two.py"]
    assert collect([path]) == {"seed": 1}
    write_json(path, {"seed": 1})  # by a version that did not tell
    assert changed_code(path, now) == []


FUSIONS = ("frame", "global", "aligned")


@pytest.mark.parametrize(
    ("net", "model", "e2e", "entries"),
    [
        ({}, None, False, {"crnn", "attention"}),
        (  # embeddings from files: others' code
            {"model": "mine", "attention": False, "fusion": {"name": "sum"}},
            *("ast", False),
            {"mine", "mean", "sum", "pool1d"},
        ),
        ({"head": {"name": "top"}}, "ast", True, {"crnn", "top", "ast", "pool1d", *FUSIONS}),
    ],
)
def test_registered_parts_that_run_inside_a_system(net, model, e2e, entries):
    training = {"mixup": "soft", "augment": [{"name": "time_mask"}]}
    training |= {"loss": {"name": "bce"}, "self_sup_loss": "mse", "objective": "psds"}
    opt = {"optimizer": "adamw", "schedule": {"name": "linear_cosine"}}
    pretrained = {
        "network": model,
        "e2e": e2e,
        "kind": "pool1d",
        "augment": [{"name": "resize_crop"}],
    }
    system = {"net": net, "pretrained": pretrained, "training": training, "opt": opt}
    always = {"mixup", "time_mask", "resize_crop", "bce", "mse", "adamw", "linear_cosine", "psds"}
    assert code_version.entries_of(system) == {*entries, *always}
