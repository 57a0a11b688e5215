"""The house stays as it is laid out: who may import whom, and how a file looks."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("corpus", "embeddings", "service", "scripts")
MAX_LINES = 400
MAY_IMPORT = {
    "corpus": {"corpus"},
    "embeddings": {"embeddings"},
    "service/matching": {"corpus", "embeddings", "service.matching"},
    "service": {"corpus", "embeddings", "service"},
    "scripts": {"corpus", "embeddings", "service", "scripts"},
    "tests": {"corpus", "embeddings", "service", "scripts", "tests"},
}
FILES = sorted(path for room in (*ROOMS, "tests") for path in (ROOT / room).rglob("*.py"))
PRODUCT = [path for path in FILES if not path.is_relative_to(ROOT / "tests")]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _imports(path: Path) -> set[str]:
    """Return the full names of all modules that the file imports, at its top or inside a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{_name(path)}: write imports from the top, not relative ones"
            names.add(node.module or "")
    return names


def _within(module: str, packages: set[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_a_file_imports_only_what_its_room_may(path: Path) -> None:
    room = next(room for room in MAY_IMPORT if path.is_relative_to(ROOT / room))
    ours = {module for module in _imports(path) if _within(module, {*ROOMS, "tests"})}
    assert {module for module in ours if not _within(module, MAY_IMPORT[room])} == set()


@pytest.mark.parametrize("path", PRODUCT, ids=_name)
def test_a_library_is_known_in_its_place_alone(path: Path) -> None:
    imports = _imports(path)
    if _within("flask", imports):
        assert path.is_relative_to(ROOT / "service")
        assert not path.is_relative_to(ROOT / "service/matching")
    if any(_within(module, {"faiss"}) for module in imports):
        assert _name(path) == "embeddings/index.py"
    if any(_within(module, {"sqlalchemy", "alembic", "sqlite3"}) for module in imports):
        assert path.is_relative_to(ROOT / "corpus")


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_a_file_has_a_docstring_and_a_bounded_length(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.name == "__init__.py":
        assert text == ""
    else:
        assert ast.get_docstring(ast.parse(text))
        assert text.count("\n") <= MAX_LINES
