# SPDX-License-Identifier: Apache-2.0
"""`radarx-operator validate` and `render` as a person or a pipeline calls them."""
import json
import pathlib
import subprocess

import pytest
from conftest import program

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests" / "corpus" / "cr"
GOOD = "apiVersion: radarx.io/v1\nkind: RadarXDeployment\nmetadata: {name: one}\nspec: {}\n"
BAD = "apiVersion: radarx.io/v1\nkind: RadarXDeployment\nmetadata: {name: two}\nspec: {replicas: -1}\n"


def call(*arguments, stdin=None):
    return subprocess.run([program("radarx-operator"), *arguments], input=stdin, capture_output=True, text=True,
                          timeout=60)  # fmt: skip


def test_validate_is_silent_about_good_ones():
    result = call("validate", "-f", "-", stdin=GOOD)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_validate_prints_a_line_for_each_problem():
    result = call("validate", "-f", "-", stdin=BAD)
    assert (result.returncode, result.stdout) == (1, "spec.replicas: must be at least 0\n")


def test_validate_names_the_object_among_several():
    for text in (f"{GOOD}---\n{BAD}", json.dumps({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "radarx.io/v1", "kind": "RadarXDeployment", "metadata": {"name": "two"},
             "spec": {"replicas": -1}},
            {"apiVersion": "radarx.io/v1", "kind": "RadarXDeployment", "metadata": {"name": "one"},
             "spec": {}}]})):  # fmt: skip
        result = call("validate", "-f", "-", stdin=text)
        assert (result.returncode, result.stdout) == (1, "two: spec.replicas: must be at least 0\n")


def test_validate_reads_several_files(tmp_path):
    (tmp_path / "one.yaml").write_text(GOOD)
    (tmp_path / "two.yaml").write_text(BAD)
    assert call("validate", "-f", tmp_path / "one.yaml", "-f", tmp_path / "two.yaml").returncode == 1
    assert call("validate", "-f", tmp_path / "one.yaml", "-f", tmp_path / "one.yaml").returncode == 0


UNREADABLE = {
    "open-list": ("a: [", "-: line "),
    "alias": ("a: &x 1\nb: *x\n", "-: line 1"),
    "deep": ("[" * 100, "-: "),
    "too-large": ("a: " + "x" * (5 << 20), "-: "),
    "not-utf8": ("a: \udcff", "-: "),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable_input_is_an_error(name, tmp_path):
    text, said = UNREADABLE[name]
    path = tmp_path / "input.yaml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    for command in ("validate", "render"):
        result = call(command, "-f", path)
        assert (result.returncode, result.stdout) == (1, "")
        assert said.replace("-:", f"{path}:") in result.stderr


def test_nothing_to_validate_is_an_error():
    result = call("validate", "-f", "-", stdin="# nothing\n")
    assert result.returncode == 1
    assert "holds no object" in result.stderr


def test_missing_file_is_named():
    result = call("validate", "-f", "/no/such/file")
    assert result.returncode == 1
    assert "/no/such/file: No such file" in result.stderr


@pytest.mark.parametrize("arguments", [(), ("-f",), ("file",), ("--file", "x"), ("-f", "x", "-g")])
def test_wrong_usage(arguments):
    for command in ("validate", "render"):
        result = call(command, *arguments)
        assert result.returncode == 2
        assert "usage: radarx-operator" in result.stderr


def test_help():
    for command in ("validate", "render"):
        result = call(command, "--help")
        assert result.returncode == 0
        assert result.stdout.startswith(f"usage: radarx-operator {command}")


def test_render_prints_one_list():
    result = call("render", "-f", "-", stdin=f"{GOOD}---\n{GOOD.replace('one', 'two')}")
    assert result.returncode == 0
    rendered = json.loads(result.stdout)
    assert (rendered["apiVersion"], rendered["kind"]) == ("v1", "List")
    names = [(item["kind"], item["metadata"]["name"]) for item in rendered["items"]]
    assert len(names) == len(set(names)) == 14
    for item in rendered["items"]:
        assert item["metadata"]["namespace"] == "default"
        assert item["metadata"]["ownerReferences"][0]["uid"] == "00000000-0000-0000-0000-000000000000"
        assert item["kind"] != "Secret" or not {"data", "stringData"} & item.keys()


def test_render_refuses_what_is_invalid():
    result = call("render", "-f", "-", stdin=f"{GOOD}---\n{BAD}")
    assert (result.returncode, result.stdout) == (1, "")
    assert "two: spec.replicas: must be at least 0" in result.stderr


def test_render_reports_a_full_disk():
    with open("/dev/full", "w") as full:
        result = subprocess.run([program("radarx-operator"), "render", "-f", CORPUS / "good" / "empty-spec.yaml"],
                                stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)  # fmt: skip
    assert result.returncode == 1
    assert "standard output" in result.stderr
