import pytest

from sed_core.reporting.readme import BEGIN, END
from sed_core.runtime.errors import SedError
from workflow_scripts.readme_results import main as fill

TABLES = "# T\n\n## One\n\n| a |\n\n- note\n\n## Two\n\n| b |\n"


@pytest.fixture
def folder(tmp_path):
    for name in ("scores", "comparison", "energy"):
        (tmp_path / f"{name}.md").write_text(TABLES.replace("One", f"{name} one"))
    (tmp_path / "README.md").write_text(f"# Title\n\n{BEGIN}\nold\n{END}\n\nrest\n")
    return tmp_path


def run(folder, *more):
    fill([f"--tables={folder}", f"--readme={folder}/README.md", *more])


def test_the_block_is_replaced_and_nothing_else(folder):
    with pytest.raises(SedError, match="does not show the tables"):
        run(folder, "--check")
    run(folder, "--all")
    text = (folder / "README.md").read_text()
    assert text.startswith(f"# Title\n\n{BEGIN}\n\n### scores one\n\n| a |\n\n- note\n\n### Two")
    assert text.endswith(f"### energy one\n\n| a |\n\n- note\n\n{END}\n\nrest\n")
    assert "old" not in text and text.count("### Two") == 1
    run(folder, "--check", "--all")
    run(folder, "--all")
    assert (folder / "README.md").read_text() == text
    run(folder)
    first = (folder / "README.md").read_text()
    assert first.endswith(f"### scores one\n\n| a |\n\n- note\n\n{END}\n\nrest\n")


def test_marks_and_tables_must_be_there(folder):
    (folder / "README.md").write_text("# Title\n")
    with pytest.raises(SedError, match="the README needs one line"):
        run(folder, "--all")
    (folder / "energy.md").unlink()
    with pytest.raises(SedError, match=r"has no energy\.md; run the workflow first"):
        run(folder, "--all")
