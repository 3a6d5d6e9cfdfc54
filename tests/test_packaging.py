"""What surrounds the package: the recipe for conda, the image, the workflows, the records of decisions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import commscore as cs

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA = {
    "decoupler": "decoupler-py",
    "matplotlib": "matplotlib-base",
    "seaborn": "seaborn-base",
}  # named otherwise there
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


def test_the_recipe_for_conda_asks_for_what_the_package_needs():
    recipe = yaml.safe_load((ROOT / "packaging" / "conda" / "recipe.yaml").read_text(encoding="utf-8"))
    assert recipe["context"]["version"] == cs.__version__
    assert PROJECT["requires-python"] == f">={recipe['context']['python_min']}"
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *extras["plot"], *(d for d in extras["report"] if "[" not in d)]
    pairs = [re.fullmatch(r"([\w-]+)(>=.*)", d).groups() for d in wanted]
    expected = {f"{CONDA.get(name, name).lower()} {version}" for name, version in pairs}
    assert set(recipe["requirements"]["run"][1:]) == expected


def test_the_image_copies_files_that_exist_and_are_not_ignored():
    lines = (ROOT / "packaging" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = {name for line in lines if re.match(r"COPY (?!--from)", line) for name in line.split()[1:-1]}
    assert {"pyproject.toml", "src", "LICENSE"} <= copied
    kept = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
    }
    assert copied == kept
    assert all((ROOT / name).exists() for name in copied)


def test_the_workflows_test_every_version_and_system_that_the_package_names():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
    matrix = workflow["jobs"]["test"]["strategy"]["matrix"]
    named = [c.rsplit(" ", 1)[-1] for c in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", c)]
    assert matrix["python"] == named
    assert {name.partition("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}
    systems = [c for c in PROJECT["classifiers"] if c.startswith("Operating System")]
    assert len(systems) == len(matrix["os"])


@pytest.mark.parametrize("path", DECISIONS, ids=lambda p: p.stem)
def test_a_decision_says_situation_choice_and_price(path):
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.M) == ["Situation", "Decision", "Consequences"]
    assert path.stem in (ROOT / "docs" / "decisions" / "index.md").read_text(encoding="utf-8")
    for name in re.findall(r"`(benchmarks/[\w./]+)`", text):
        assert (ROOT / name).exists(), name


def test_forms_for_questions_are_forms():
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    assert [form.stem for form in forms] == ["bug", "config", "evidence", "feature"]
    for form in forms:
        content = yaml.safe_load(form.read_text(encoding="utf-8"))
        if form.stem != "config":
            assert {"name", "description", "body"} <= content.keys()
            ids = [field["id"] for field in content["body"]]
            assert len(set(ids)) == len(ids)
