"""Every file of the zoo belongs to one file of tests, which asks at its end what it left out."""

from tests.parity.zoo_files import READ_BY


def test_each_file_belongs_to_one_file_of_tests(root):
    shared = root / "tests/parity"
    there = {path.stem for path in (shared / "reference/zoo").glob("*.npz")}
    claimed = [name for names in READ_BY.values() for name in names]
    assert sorted(claimed) == sorted(there)
    for module in READ_BY:
        text = (shared / f"{module}.py").read_text()
        assert text.endswith("def test_every_array_is_read(unread):\n    assert unread == []\n"), (
            module
        )
