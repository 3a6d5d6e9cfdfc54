"""The house: what is imported when, how large its rooms are, what its public functions look like."""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import pytest

import commscore as cs
from commscore.tables import compare, vocabulary
from commscore.tables.kinds import stored_kinds

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
PUBLIC = [
    getattr(room, name)
    for room in (cs.tl, cs.get, cs.pl, cs.ds, cs.rs)
    for name in room.__all__
    if inspect.isfunction(getattr(room, name))
]
POSITIONAL_FREE = {"store"}  # writes for the tools


def python(code: str, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ | env, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_loads_nothing_heavy():
    heavy = ["scanpy", "matplotlib", "numba", "dask", "anndata", "pandas", "numpy", "scipy", "decoupler", "liana"]
    code = f"import sys, commscore; print([m for m in {heavy!r} if m in sys.modules])"
    assert python(code).strip() == "[]"


def test_rooms_load_no_tool_before_it_is_used():
    """Third-party packages that the rooms ``tl``, ``rs`` and ``get`` may import: pandas, and what it needs."""
    allowed = {
        "pandas",
        "numpy",
        "dateutil",
        "pytz",
        "tzdata",
        "six",
        "pyarrow",
        "numexpr",
        "bottleneck",
        "cloudpickle",
        "cython_runtime",
        "_distutils_hack",
    }
    code = (
        "import sys, commscore as cs; cs.tl, cs.rs, cs.get; dir(cs.tl)\n"
        "import importlib.metadata as m\n"
        "known = set(m.packages_distributions())\n"
        "print(sorted({n.partition('.')[0] for n in sys.modules} & known - {'commscore'}))"
    )
    loaded = set(ast.literal_eval(python(code).strip()))
    assert "numpy" in loaded
    assert loaded <= allowed, loaded - allowed
    tools = "import sys, commscore as cs; cs.tl; print([m for m in sys.modules if m.startswith('commscore.tl.')])"
    assert python(tools).strip() == "[]"


def test_command_line_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom commscore.cli import app\n"
        "print([m for m in ('numba', 'anndata', 'scanpy', 'matplotlib') if m in sys.modules])"
    )
    assert python(code).strip() == "[]"


CACHE = """
import json, numpy as np, pandas as pd, anndata as ad
import commscore as cs
rng = np.random.default_rng(0)
x = np.where(rng.random((60, 4)) < .5, rng.random((60, 4)), 0).astype(np.float32)
from scipy import sparse
a = ad.AnnData(sparse.csr_matrix(x), obs=pd.DataFrame({"g": list("abc") * 20}, index=map(str, range(60))))
a.var_names = list("ABCD")
pairs = pd.DataFrame({"ligand": ["A", "A_B"], "receptor": ["C", "D"]})
cs.tl.score(a, "g", resource=pairs, n_perms=20)
from commscore.kernels import groups, layout, permute
stats = [f.stats for m in (groups, layout, permute) for f in vars(m).values() if hasattr(f, "stats")]
print(json.dumps([sum(sum(s.cache_hits.values()) for s in stats), sum(sum(s.cache_misses.values()) for s in stats)]))
"""


@pytest.mark.slow
def test_a_second_process_hits_the_cache(tmp_path):
    first = json.loads(python(CACHE, NUMBA_CACHE_DIR=str(tmp_path)))
    second = json.loads(python(CACHE, NUMBA_CACHE_DIR=str(tmp_path)))
    assert first[1] > 5  # compiled now
    assert second[0] > 5  # loaded
    assert second[1] == 0


def statements(function: ast.FunctionDef) -> int:
    """Count the statements of a function, those of functions inside it, too; the formatter decides about lines."""
    return sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1


def too_large(path: Path) -> list[str]:
    """Return the functions of a file that do more than a reader can hold."""
    functions = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.FunctionDef)]
    name = path.relative_to(ROOT)
    return [f"{name}: {f.name} has {statements(f)} statements" for f in functions if statements(f) > 50]


def test_rooms_stay_comfortable():
    assert len(SOURCES) > 200
    assert [found for path in SOURCES for found in too_large(path)] == []


def test_large_rooms_would_be_seen(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    path = tmp_path / "large.py"
    path.write_text("def f():\n" + "    x = 1\n" * 51, encoding="utf-8")
    assert too_large(path) == ["large.py: f has 51 statements"]
    path.write_text("def f():\n" + "    x = 1\n" * 50, encoding="utf-8")
    assert too_large(path) == []


def test_the_formatter_owns_the_layout():
    """No line of the package is kept from it."""
    kept = re.compile(r"#\s*fmt:\s*(skip|off)")
    assert [str(p) for p in SOURCES if kept.search(p.read_text(encoding="utf-8"))] == []


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT / "src").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def at_run_time(node: ast.AST) -> Iterator[ast.ImportFrom]:
    """Yield the imports from other modules that run when a module is imported or a function of it is called."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.ImportFrom):
            yield child
        yield from at_run_time(child)


def imported(path: Path, modules: Collection[str]) -> set[str]:
    """Return the modules of the package that a file imports from, at run time."""
    own, found = module_of(path).split("."), set()
    package = own if path.stem == "__init__" else own[:-1]
    for node in at_run_time(ast.parse(path.read_text(encoding="utf-8"))):
        start = package[: len(package) - node.level + 1] if node.level else []
        source = ".".join([*start, *(node.module or "").split(".")]).strip(".")
        names = [f"{source}.{alias.name}" for alias in node.names]
        found |= {name if name in modules else source for name in names}
    return (found & set(modules)) - {".".join(own)}


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Return modules that import each other round in a circle, or none."""
    left = dict(graph)
    while left:
        free = [name for name, needs in left.items() if not needs & left.keys()]
        if not free:
            return sorted(left)
        left = {name: needs for name, needs in left.items() if name not in free}
    return []


def test_modules_do_not_import_each_other_in_circles():
    modules = {module_of(path) for path in SOURCES}
    graph = {module_of(path): imported(path, modules) for path in SOURCES}
    assert sum(map(len, graph.values())) > 500  # they were read
    assert circle(graph) == []


def test_every_tool_is_kept_apart_from_the_others():
    """The contract names no tool, so that it holds of every one."""
    import tomllib

    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    assert [c["modules"] for c in contracts if c["type"] == "independence"] == [["commscore.tl.*"]]


def lists_of_kinds(path: Path) -> list[str]:
    """Return the places of a file that list kinds of results again, or ask which one a result is of."""
    kinds = set(stored_kinds())
    places = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts) | ast.Dict(keys=parts):
                words = {p.value.removeprefix("commscore_") for p in parts if is_text(p)}
                places += [f"{path.name}:{node.lineno}"] * (len(words & kinds) > 1)
            case ast.Compare(left=ast.Attribute(attr="kind"), comparators=[ast.Constant(value=word)]) if word in kinds:
                places.append(f"{path.name}:{node.lineno}")
    return places


def is_text(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_every_kind_of_result_stands_once(tmp_path):
    """A kind is its columns in ``tables`` and its file in ``kinds``: nothing else knows which ones there are."""
    declaring = {"tables", "kinds", "rs"}  # a resource has tables of its own that are called so
    rooms = {path: path.relative_to(ROOT / "src" / "commscore").parts[0] for path in SOURCES}
    files = [path for path in SOURCES if rooms[path] not in declaring]
    assert [place for path in files for place in lists_of_kinds(path)] == []
    again = tmp_path / "again.py"
    again.write_text('ORDER = ("score", "compare")\nif stored.kind == "loops":\n    pass\n', encoding="utf-8")
    assert lists_of_kinds(again) == ["again.py:1", "again.py:2"]


def test_a_class_has_a_name_of_its_own():
    """One word, one meaning: no two classes of the package are called alike."""
    nodes = (node for path in SOURCES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = Counter(node.name for node in nodes if isinstance(node, ast.ClassDef))
    assert len(names) > 50
    assert [name for name, n in names.items() if n > 1 and not name.startswith("_")] == []


def test_a_circle_would_be_seen():
    chain = {"a": {"b"}, "b": {"c"}, "c": set()}
    assert circle(chain) == []
    assert circle(chain | {"c": {"a"}}) == ["a", "b", "c"]


def class_names(paths: Iterable[Path]) -> Counter[str]:
    """Count the classes by name; a leading underscore makes no other name."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in paths)
    return Counter(n.name.lstrip("_") for tree in trees for n in ast.walk(tree) if isinstance(n, ast.ClassDef))


def test_names_of_classes_are_unique(tmp_path):
    counts = class_names(SOURCES)
    assert len(counts) > 150
    assert [name for name, n in counts.items() if n > 1] == []
    twice = tmp_path / "twice.py"
    twice.write_text("class Rows:\n    class _Rows:\n        pass\n", encoding="utf-8")
    assert class_names([twice]) == {"Rows": 2}


def unstable_sorts(path: Path) -> list[int]:
    """Return the lines that sort a table by one column, or values by how often they occur, and leave ties open."""
    needed = {"sort_values": "kind", "value_counts": "sort"}
    return [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and (name := getattr(node.func, "attr", "")) in needed
        and not (node.args and isinstance(node.args[0], ast.List))
        and needed[name] not in {k.arg for k in node.keywords}
    ]


def test_equal_rows_keep_their_order_on_every_machine(tmp_path):
    """How an unstable sort orders ties depends on the processor."""
    paths = [*SOURCES, *sorted((ROOT / "docs" / "results").glob("*.py"))]
    assert {path.name: lines for path in paths if (lines := unstable_sorts(path))} == {}
    some = tmp_path / "some.py"
    lines = ("a.sort_values('p')", "a.sort_values('p', kind='stable')", "a.sort_values(['p', 'q'])", "a.value_counts()")
    some.write_text("\n".join(lines))
    assert unstable_sorts(some) == [1, 4]


SAY_NOTHING = {"found", "made", "done", "wanted", "given", "asked", "that", "those", "it", "stuff", "thing"}


def names_that_say_nothing(path: Path) -> list[str]:
    """Return what a file calls by a word that fits anything: variables, parameters, attributes, functions."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()) | ast.arg(arg=name):
                names.append((name, node.lineno))
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.append((name, node.lineno))
    return [f"{path.name}:{line} {name}" for name, line in names if name.strip("_") in SAY_NOTHING]


def test_names_say_what_they_hold(tmp_path):
    column = "made"  # of the registry of data sets: a public column
    names = [place for path in SOURCES for place in names_that_say_nothing(path)]
    assert [place for place in names if not place.startswith("_registry.py") or place.split()[1] != column] == []
    wrong = tmp_path / "wrong.py"
    wrong.write_text("def found(given):\n    made = given\n    return made\n", encoding="utf-8")
    assert sorted(names_that_say_nothing(wrong)) == ["wrong.py:1 found", "wrong.py:1 given", "wrong.py:2 made"]


def lists_of_words(path: Path) -> list[str]:
    """Return the places of a file that list a vocabulary again: all its words, but perhaps one."""
    known = [set(v.words()) for v in vocabulary.Vocabulary.__subclasses__() if len(v) > 3]
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            words = {e.value for e in node.elts if isinstance(e, ast.Constant)}
            found += [f"{path.name}:{node.lineno}" for v in known if len(v & words) >= len(v) - 1]
    return found


def test_every_vocabulary_stands_once(tmp_path):
    assert [place for path in SOURCES for place in lists_of_words(path)] == []
    again = tmp_path / "again.py"
    again.write_text('DRIVERS = ("ligand", "receptor", "source_abundance", "target_abundance")\n', encoding="utf-8")
    assert lists_of_words(again) == ["again.py:1"]


def test_codes_of_words_are_their_places_in_the_tables():
    columns = {"status": vocabulary.Status, "shift": vocabulary.ShiftName, "shape": vocabulary.ShapeName}
    for name, words in (columns | {"driver": vocabulary.DriverName, "unit": vocabulary.Unit}).items():
        values = compare.COMPARE[name].values
        assert [values[word.code] for word in words] == [str(word) for word in words]
        assert {type(v) for v in values} == {str}  # plain strings are stored


@pytest.mark.parametrize("function", PUBLIC, ids=lambda f: f"{f.__module__}.{f.__name__}")
def test_public_functions_look_alike(function):
    text = inspect.getdoc(function) or ""
    assert text.splitlines()[0].endswith(".")
    parameters = inspect.signature(function).parameters
    if function.__name__ in POSITIONAL_FREE:
        return
    positional = [p for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert len(positional) <= 3
    if len(parameters) > 2:
        assert re.search(r"^Parameters$", text, re.M), "no Parameters section"
        for name in parameters:
            assert re.search(rf"^(\w+, )*\*{{0,2}}{name}(, \w+)*\b", text, re.M), f"{name} is not documented"


def test_readme_and_continuous_integration_run_the_same_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    command = next(line for line in readme.splitlines() if "pytest" in line and line.startswith("python3 -m venv"))
    assert command in ci


def test_the_version_is_one():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.*)$", citation, re.M).group(1) == cs.__version__


def test_continuous_integration_leaves_no_test_out():
    """The README's command leaves out what is slow: whatever else runs tests runs these, too."""
    commands = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert sum("pytest -m slow" in line for line in commands) == 1
    for path in (ROOT / ".ci" / "coverage", *WORKFLOWS):
        for command in re.findall(r"-m pytest (.*)", path.read_text(encoding="utf-8")):
            assert '-m ""' in command, f"{path.name}: {command}"


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def steps(path):
    yaml = pytest.importorskip("yaml")
    text = yaml.safe_load(path.read_text(encoding="utf-8"))
    for job in text["jobs"].values():
        assert "timeout-minutes" in job
        yield from job["steps"]


def test_there_are_workflows():
    assert {path.stem for path in WORKFLOWS} == {"build", "docs", "nightly", "test"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.stem)
def test_workflows_name_files_and_extras_that_exist(path):
    import tomllib

    extras = set(
        tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    )
    commands = [step["run"] for step in steps(path) if "run" in step]
    assert commands
    for command in commands:
        for name in re.findall(r"(?:^|\s)(\.ci/\w+|(?:tests|src)/[\w./]+)", command):
            assert (ROOT / name).exists(), name
        for named in re.findall(r"\.\[([\w,]+)\]", command):
            assert set(named.split(",")) <= extras


@pytest.mark.parametrize("name", ["run", "coverage", "package"])
def test_scripts_stop_at_the_first_error(name):
    path = ROOT / ".ci" / name
    assert os.access(path, os.X_OK)
    assert "set -euo pipefail" in path.read_text(encoding="utf-8")
