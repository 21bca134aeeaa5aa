"""Which project code a script runs, and a hash of what it does, which no comment changes."""

import ast
import functools
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[2]
REGISTRY = "_registry.py"
"""End of the names of the modules that list what a configuration can name."""

Entries = frozenset[str] | None


def code_version(*scripts: str | Path, entries: Iterable[str] | None = None) -> str:
    """Hash (12 hex digits) of scripts and of all project code that they import.

    Args:
        scripts: paths relative to the repository, for example `workflow_scripts/train.py`.
        entries: names that are used of the registries; the others, and what only they import, do
            not count. None: all are used.
    """
    total = hashlib.blake2b(digest_size=6)
    for name, digest in code_files(*scripts, entries=entries).items():
        total.update(f"{name}\0{digest}\0".encode())
    return total.hexdigest()


def code_files(*scripts: str | Path, entries: Iterable[str] | None = None) -> dict[str, str]:
    """The files behind `code_version`, sorted, each with its hash (8 hex digits)."""
    used = None if entries is None else frozenset(entries)
    files = frozenset[Path]().union(*(imported_files(HOME / script, used) for script in scripts))
    return {str(file.relative_to(HOME)): _digest(file, used) for file in sorted(files)}


def entries_of(system: Mapping[str, Any]) -> set[str]:
    """Names of all that is registered (a network and its parts, losses, …) in a system."""
    pretrained = system["pretrained"]
    inside = {pretrained["network"]} if pretrained["e2e"] else set()
    training = system["training"]
    lists = training.get("augment", []), pretrained.get("augment", [])
    augment = {entry["name"] for entries in lists for entry in entries}
    mixup = {"mixup"} if training["mixup"] else set()
    losses = {training["loss"]["name"], training["self_sup_loss"]}
    opt = system["opt"]
    others = {opt["optimizer"], opt["schedule"]["name"], training["objective"]}
    return {*_parts(system), *inside, *augment, *mixup, *losses, *others} - {None}


def _parts(system: Mapping[str, Any]) -> set[str]:
    """A network, its head, and, where there are embeddings, their alignment and fusion."""
    net = system["net"]
    usual = {"name": "attention" if net.get("attention", True) else "mean"}
    parts = {net.get("model", "crnn"), net.get("head", usual)["name"]}
    if system["pretrained"]["network"] is not None:
        fusion = net.get("fusion")
        parts |= {fusion["name"]} if fusion else {"frame", "global", "aligned"}
        parts.add(system["pretrained"]["kind"])
    return parts


@functools.cache
def imported_files(path: Path, entries: Entries = None) -> frozenset[Path]:
    """Files of `sed_core` that a Python file imports, directly or through others, itself included.

    Read from the import statements, wherever they stand, so nothing is executed and a lazy import
    counts too. Data files beside a module (YAML, templates) belong to it.
    """
    seen: set[Path] = set()
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        if file.suffix == ".py":
            waiting += _direct_imports(file, _pruning(file, entries))
        if file.name == "__init__.py":
            seen.update(p for p in file.parent.iterdir() if p.is_file() and p.suffix != ".py")
    return frozenset(seen)


@functools.cache
def _direct_imports(file: Path, entries: Entries) -> list[Path]:
    names: set[str] = set()
    for node in ast.walk(_tree(file, entries)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    paths = [name.split(".") for name in names if name.split(".")[0] == "sed_core"]
    prefixes = {tuple(path[:end]) for path in paths for end in range(1, len(path) + 1)}
    candidates = [HOME.joinpath(*prefix) for prefix in sorted(prefixes)]
    modules = [path.with_suffix(".py") for path in candidates]
    packages = [path / "__init__.py" for path in candidates]
    return [path for path in modules + packages if path.is_file()]


def _digest(file: Path, entries: Entries) -> str:
    return _content(file, _pruning(file, entries))


@functools.cache
def _content(file: Path, entries: Entries) -> str:
    if file.suffix == ".py":
        content = "\n".join(_shape(_tree(file, entries), [])).encode()
    else:
        content = file.read_bytes()
    return hashlib.blake2b(content, digest_size=4).hexdigest()


def _pruning(file: Path, entries: Entries) -> Entries:
    """What is to be left out of a file depends on the entries in registries alone."""
    return entries if file.name.endswith(REGISTRY) else None


@functools.cache
def _tree(file: Path, entries: Entries) -> ast.Module:
    tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    return tree if entries is None else _without_unused(tree, entries)


def _without_unused(tree: ast.Module, entries: frozenset[str]) -> ast.Module:
    """Without the entries of tables that are not used, and the imports that only they need."""
    for node in tree.body:
        table = getattr(node, "value", None)
        if isinstance(table, ast.Dict):
            pairs = zip(table.keys, table.values, strict=True)
            kept = [pair for pair in pairs if getattr(pair[0], "value", None) in entries]
            table.keys, table.values = [key for key, _ in kept], [value for _, value in kept]
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    tree.body = [
        node
        for node in tree.body
        if not isinstance(node, ast.ImportFrom)
        or any((alias.asname or alias.name) in names for alias in node.names)
    ]
    return tree


def _shape(node: Any, words: list[str]) -> list[str]:
    """The syntax tree word by word, the same from any version of Python.

    Docstrings are left out, and so are defaults and bounds of keys.
    """
    if isinstance(node, ast.AST):
        words.append(type(node).__name__)
        for name in node._fields:
            value = getattr(node, name, None)
            meant = name not in ("ctx", "kind") and not (name == "value" and _is_key(node))
            if value is not None and value != [] and meant:
                words.append(name)
                _shape(value, words)
    elif isinstance(node, list):
        words.append("[")
        for item in node:
            if not _is_text(item):
                _shape(item, words)
        words.append("]")
    else:
        words.append(repr(node))
    return words


def _is_key(node: ast.AST) -> bool:
    """A field declared by `sed_core.config.key.key`: what it may be acts in the workflow alone."""
    value = getattr(node, "value", None)
    return isinstance(node, ast.AnnAssign) and ast.unparse(getattr(value, "func", node)) == "key"


def _is_text(node: Any) -> bool:
    """A statement that is only a string does nothing: it is documentation."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
