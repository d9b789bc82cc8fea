# SPDX-License-Identifier: Apache-2.0
"""`radarx-agent model`: margins of random XGBoost models bit for bit, tables of every kind, clear refusals."""

import copy
import csv
import gzip
import hashlib
import json
import math
import os
import struct
import subprocess
from array import array
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
AGENT = Path(os.environ.get("RADARX_BUILD", ROOT / "build")) / "radarx-agent"
DATA = Path(os.environ.get("RADARX_DATA", ROOT.parent / "shared" / "data")) / "models"
GOLDEN = DATA / "xgb_models" / "golden"
MODELS = int(os.environ.get("RADARX_RANDOM_MODELS", "80"))
SEED = int(os.environ.get("RADARX_RANDOM_SEED", "1"))

needs_data = pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"no recorded models at {GOLDEN}: set RADARX_DATA")


def library():
    """Python with the pinned XGBoost, when it is installed (scripts/venv models/requirements.txt installs it)."""
    digest = hashlib.sha256((ROOT / "models" / "requirements.txt").read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    venv = cache / "radarx" / f"venv-models-{digest}"
    return venv / "bin" / "python" if (venv / "done").exists() else None


def agent(*args, code=0, stdin=None):
    result = subprocess.run([AGENT, "model", *map(str, args)], capture_output=True, text=True, timeout=120, input=stdin)
    assert result.returncode == code, result.stderr or result.stdout
    return result


def floats(path):
    values = array("f")
    values.frombytes(path.read_bytes())
    return values


def last_columns(path, k, header):
    with open(path, newline="") as file:
        rows = list(csv.reader(file))[1 if header else 0 :]
    return array("f", (float(field) for row in rows for field in row[-k:]))


def ordered(value):
    """float32 as an integer, so that neighbours differ by one."""
    bits = struct.unpack("<i", struct.pack("<f", value))[0]
    return bits if bits >= 0 else -(bits & 0x7FFFFFFF)


# --- the library's own predictions ---------------------------------------------------------------


@pytest.fixture(scope="module")
def random_models(tmp_path_factory):
    python = library()
    if not python:
        pytest.skip("XGBoost is not installed: scripts/venv models/requirements.txt")
    out = tmp_path_factory.mktemp("xgb")
    script = ROOT / "tests" / "support" / "xgb_models.py"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([python, script, out, str(MODELS), str(SEED)], check=True, timeout=600, env=environment)
    return sorted(out.iterdir(), key=lambda p: int(p.name))


def test_random_models_bit_for_bit(random_models, tmp_path):
    margins = values = same_values = refused = 0
    for folder in random_models:
        facts = json.loads((folder / "facts.json").read_text())
        out, k = tmp_path / "out.csv", facts["outputs"]
        for name in ("model.json", "model.ubj"):
            args = ["predict", "--model", folder / name, "--input", folder / "rows.csv", "--output", out]
            if not facts["finite"]:
                assert "finite leaf value expected" in agent(*args, "--margin", code=1).stderr
                refused += 1
                continue
            agent(*args, "--margin")
            want = floats(folder / "margins.f32")
            assert last_columns(out, k, facts["header"]).tobytes() == want.tobytes(), (folder, facts)
            margins += len(want)
            if facts["best"] is not None:
                agent(*args, "--margin", "--iterations", "all")
                want = floats(folder / "margins_all.f32")
                assert last_columns(out, k, facts["header"]).tobytes() == want.tobytes(), (folder, facts)
            agent(*args)
            want = floats(folder / "values.f32")
            got = last_columns(out, len(want) // facts["rows"], facts["header"])
            assert len(got) == len(want)
            far = max(abs(ordered(a) - ordered(b)) for a, b in zip(got, want) if math.isfinite(b))
            assert far <= 2, (folder, facts)
            values += len(want)
            same_values += sum(a == b for a, b in zip(got, want))
    print(f"{len(random_models)} models: {margins} margins bit-identical; {values} predictions within 2 units in the "
          f"last place, {same_values} identical; {refused} files refused (their leaves are not finite)")  # fmt: skip
    assert margins > 100 * len(random_models)


@needs_data
@pytest.mark.parametrize("name, columns, rows", [("m100d4", 38, "X_2000x38"), ("m300d6", 38, "X_2000x38")])
def test_recorded_models(name, columns, rows, tmp_path):
    x, want = floats(GOLDEN / f"{rows}.f32"), floats(GOLDEN / f"{name}.margin.f32")
    table = tmp_path / "rows.csv"
    with open(table, "w") as file:
        for i in range(0, len(x), columns):
            file.write(",".join("" if math.isnan(v) else f"{v:.9g}" for v in x[i : i + columns]) + "\n")
    for suffix in ("json", "ubj"):
        out = tmp_path / "out.csv"
        agent("predict", "--model", GOLDEN / f"{name}.{suffix}", "--input", table, "--margin", "--output", out)
        assert last_columns(out, 1, False).tobytes() == want.tobytes()
        agent("explain", "--model", GOLDEN / f"{name}.{suffix}", "--input", table, "--output", out)
        with open(out) as file:
            lines = [list(map(float, row[2:])) for row in list(csv.reader(file))[1:]]
        assert max(abs(sum(line) - m) for line, m in zip(lines, want)) < 2e-5
        theirs = floats(GOLDEN / f"{name}.contrib_500x39.f32")
        ours = [v for line in lines[:500] for v in line]
        assert len(ours) == len(theirs) and max(abs(a - b) for a, b in zip(ours, theirs)) < 5e-6


@needs_data
def test_check_names_every_recorded_model():
    files = sorted([*DATA.glob("*/*.json"), *DATA.glob("*/*.txt"), *GOLDEN.glob("*.ubj"), *GOLDEN.glob("*.json")])
    result = agent("check", "--json", *files)
    answers = json.loads(result.stdout)
    assert len(answers) == len(files) >= 17 and all(a["ok"] for a in answers)


# --- a model made by hand ------------------------------------------------------------------------


def stump(feature, threshold, left, right, default_left=0):
    return {
        "id": 0, "tree_param": {"num_nodes": "3", "num_feature": "2", "num_deleted": "0", "size_leaf_vector": "1"},
        "left_children": [1, -1, -1], "right_children": [2, -1, -1], "parents": [2147483647, 0, 0],
        "split_indices": [feature, 0, 0], "split_conditions": [threshold, left, right],
        "default_left": [default_left, 0, 0], "split_type": [0, 0, 0], "categories": [], "categories_nodes": [],
        "categories_segments": [], "categories_sizes": [], "sum_hessian": [4, 2, 2], "base_weights": [0, 0, 0],
        "loss_changes": [0, 0, 0],
    }  # fmt: skip


def small():
    trees = [stump(0, 1.5, -1, 2), stump(1, -0.25, 0.5, 0.25, 1)]
    return {
        "version": [3, 2, 0],
        "learner": {
            "attributes": {}, "feature_names": ["a", "b"], "feature_types": [],
            "objective": {"name": "reg:squarederror"},
            "learner_model_param": {"base_score": "[5E-1]", "num_class": "0", "num_feature": "2", "num_target": "1",
                                    "boost_from_average": "1"},
            "gradient_booster": {
                "name": "gbtree",
                "model": {"gbtree_model_param": {"num_trees": "2", "num_parallel_tree": "1"},
                          "iteration_indptr": [0, 1, 2], "tree_info": [0, 0], "trees": trees,
                          "cats": {"enc": [], "feature_segments": [], "sorted_idx": []}},
            },
        },
    }  # fmt: skip


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "small.json"
    path.write_text(json.dumps(small()))
    return path


def predict(model, text, *more, code=0):
    result = agent("predict", "--model", model, "--input", "-", *more, stdin=text, code=code)
    return result.stdout if code == 0 else result.stderr


def test_columns_by_name_and_by_position(model):
    assert predict(model, "a,b\n1,0\n2,\n") == "a,b,prediction\n1,0,-0.25\n2,,3\n"
    assert predict(model, "b,x,a\n0,9,1\nnan,text,2\n") == "b,x,a,prediction\n0,9,1,-0.25\nnan,text,2,3\n"
    assert predict(model, "p,q\n1,0\n") == "p,q,prediction\n1,0,-0.25\n"
    assert predict(model, "1,0\n\nNaN,NAN\n") == "1,0,-0.25\nNaN,NAN,3\n"
    assert predict(model, "0,1\n1,0\n") == "0,1,prediction\n1,0,-0.25\n"
    assert predict(model, "0,1\n1,0\n", "--header", "no") == "0,1,-0.25\n1,0,-0.25\n"
    assert predict(model, '"b","a"\r\n0,"1"\r\n', "--margin") == '"b","a",margin\n0,"1",-0.25\n'
    assert predict(model, "a,b\n") == "a,b,prediction\n"


def test_forms_of_numbers(model):
    for text in ("-nan", "+NaN", "-NAN", "", '""', "nan"):
        assert predict(model, f"a,b\n{text},\n").splitlines()[1] == f"{text},,3"
    for text in ("1.", "+1.", "01", "1.e0", ".1e1", "+.1E+1", "1.000"):
        assert predict(model, f"a,b\n{text},0\n").splitlines()[1] == f"{text},0,-0.25"
    assert predict(model, "a,b\n-.3,-.3\n").splitlines()[1] == "-.3,-.3,0"


def test_thresholds_are_single_precision(model):
    below = 1.5 - 2**-24  # rounds to float32 1.5, which is not below the threshold
    assert predict(model, f"{below!r},0\n1.49999988,0\n").split() == [f"{below!r},0,2.75", "1.49999988,0,-0.25"]


@pytest.mark.parametrize(
    "text, message",
    [
        ("a,c\n1,2\n", "column 'b' is missing"),
        ("1\n", "1 columns found, the model reads 2"),
        ("a,b\n1,2,3\n", "line 2: 2 fields expected, 3 found"),
        ("a,b\n1,x\n", "line 2, column 'b': 'x': a number expected"),
        ("a,b\n1,inf\n", "line 2, column 'b': infinite"),
        ("a,b\n1,1e999\n", "line 2, column 'b': infinite"),
        ("a,b\n1e39,1\n", "line 2, column 'a': beyond float32"),
        ("a,b\n.,1\n", "line 2, column 'a': '.': a number expected"),
        ("a,b\n-.e1,1\n", "'-.e1': a number expected"),
        ("a,b\n-,1\n", "'-': a number expected"),
        ("a,b\n0." + "1" * 500 + ",1\n", "line 2, column 'a': a number of at most 399 characters expected"),
        ("a,b\n.5.,1\n", "'.5.': a number expected"),
        ("a,b\n5..,1\n", "'5..': a number expected"),
        ("a,b\n--1,1\n", "'--1': a number expected"),
        ("a,b\n1e5.,1\n", "'1e5.': a number expected"),
        ("a,b,a\n1,2,3\n", "line 1: column 'a' appears twice"),
        ('b,a,"a"\n1,2,3\n', "line 1: column 'a' appears twice"),
        ('a,b\n"1,1\n', "a quote has no end"),
        ("", "the file is empty"),
    ],
)
def test_bad_tables(model, text, message):
    assert message in predict(model, text, code=1)


def test_a_failed_run_leaves_no_file(model, tmp_path):
    table, out = tmp_path / "t.csv", tmp_path / "out.csv"
    table.write_text("a,b\n" + "1,2\n" * 5000 + "1,x\n")
    assert "line 5002" in agent("predict", "--model", model, "--input", table, "--output", out, code=1).stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["small.json", "t.csv"]


def test_many_rows_and_gzip(model, tmp_path):
    table, out = tmp_path / "t.csv.gz", tmp_path / "out.csv"
    with gzip.open(table, "wt") as file:
        file.write("b,a\n")
        file.writelines(f"{i % 7 - 3},{i % 5}\n" for i in range(100_000))
    agent("predict", "--model", model, "--input", table, "--output", out)
    want = [0.5 + (-1 if i % 5 < 1.5 else 2) + (0.5 if i % 7 - 3 < -0.25 else 0.25) for i in range(100_000)]
    assert list(last_columns(out, 1, True)) == want


def test_thousands_of_columns(tmp_path):
    wide = small()
    names = [f"column_{i}" for i in range(5000)]
    wide["learner"]["feature_names"] = names
    wide["learner"]["learner_model_param"]["num_feature"] = "5000"
    trees = wide["learner"]["gradient_booster"]["model"]["trees"]
    trees[0]["split_indices"], trees[1]["split_indices"] = [4999, 0, 0], [2500, 0, 0]
    path, table = tmp_path / "wide.json", tmp_path / "t.csv"
    path.write_text(json.dumps(wide))
    row = ["0.123456"] * 5000
    row[4999], row[2500] = "1", "0"
    table.write_text(",".join(names) + "\n" + "\n".join([",".join(row)] * 50) + "\n")
    result = agent("predict", "--model", path, "--input", table, "--margin")
    assert [line.rsplit(",", 1)[1] for line in result.stdout.splitlines()] == ["margin"] + ["-0.25"] * 50


def test_columns_in_any_order_take_no_longer(tmp_path):
    """Matching names must not take the square of their number (20,000 in falling order took half a minute)."""
    wide = small()
    names = [f"a_name_with_a_long_common_beginning_{i}" for i in range(20_000)]
    names[7] = 'say "a, b"'
    wide["learner"]["feature_names"] = names
    wide["learner"]["learner_model_param"]["num_feature"] = "20000"
    trees = wide["learner"]["gradient_booster"]["model"]["trees"]
    trees[0]["split_indices"], trees[1]["split_indices"] = [19_999, 0, 0], [7, 0, 0]
    path, table = tmp_path / "wide.json", tmp_path / "t.csv"
    path.write_text(json.dumps(wide))
    row = [""] * 20_000
    row[19_999], row[7] = "1", "0"
    with open(table, "w", newline="") as file:
        csv.writer(file).writerows([[*reversed(names), "other", "other"], [*reversed(row), "", ""]])
    command = [AGENT, "model", "predict", "--model", path, "--input", table, "--margin"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=10)
    assert result.stdout.splitlines()[1].endswith(",-0.25"), result.stderr


def test_best_iteration_counts(tmp_path):
    early = small()
    early["learner"]["attributes"]["best_iteration"] = "0"
    path = tmp_path / "early.json"
    path.write_text(json.dumps(early))
    assert predict(path, "1,0\n") == "1,0,-0.5\n"
    assert predict(path, "1,0\n", "--iterations", "all") == "1,0,-0.25\n"
    assert predict(path, "1,0\n", "--iterations", "2") == "1,0,-0.25\n"
    assert "at most 2 rounds expected, 3 asked for" in predict(path, "1,0\n", "--iterations", "3", code=1)
    info = json.loads(agent("info", "--json", path).stdout)
    assert (info["trees"], info["trees_in_file"], info["best_iteration"], info["base_margin"]) == (1, 2, 0, [0.5])


def test_explain_adds_up(model, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("a,b\n1,0\n,\n")
    rows = json.loads(agent("explain", "--model", model, "--input", table, "--json").stdout)
    assert [r["margin"] for r in rows] == pytest.approx([-0.25, 3])
    for r in rows:
        assert r["base"] + sum(c["contribution"] for c in r["contributions"]) == pytest.approx(r["margin"])
    text = agent("explain", "--model", model, "--input", table, "--rows", "1", "--top", "1").stdout
    assert "row 0, margin -0.25 = base 1.375 + shares" in text and "-1.500000  a = 1" in text and "all others" in text


# --- refusals ------------------------------------------------------------------------------------


def at(document, path):
    for key in path[:-1]:
        document = document[key]
    return document, path[-1]


LEARNER = ["learner"]
PARAM = [*LEARNER, "learner_model_param"]
BOOSTER = [*LEARNER, "gradient_booster"]
FIRST = [*BOOSTER, "model", "trees", 0]

REFUSALS = [
    ([*PARAM, "num_target"], "2", "num_target: 2 targets are not supported"),
    ([*BOOSTER, "name"], "gblinear", '"gblinear" is not supported'),
    ([*LEARNER, "objective", "name"], "reg:magic", '"reg:magic" is not an objective that is supported'),
    (["version"], [4, 0, 0], "XGBoost 4.0.0 is newer than the newest that is supported, 3.2"),
    ([*BOOSTER, "model", "cats", "enc"], [{"names": [], "type": 4}], "re-coded categories are not supported"),
    ([*FIRST, "tree_param", "size_leaf_vector"], "3", "vector leaves are not supported"),
    ([*FIRST, "left_children", 0], 7, "tree 0, node 0: left child 7 of a tree with 3 nodes"),
    ([*FIRST, "left_children", 0], 0, "tree 0, node 0: left child 0 is reached twice"),
    ([*FIRST, "right_children", 0], 1, "right child 1 is reached twice"),
    ([*FIRST, "right_children", 1], 2, "tree 0, node 1: right_children: -1 expected"),
    ([*FIRST, "split_indices", 0], 2, "tree 0, node 0: feature 2 of a model with 2 features"),
    ([*FIRST, "split_conditions", 0], math.nan, "tree 0, node 0: split_conditions: a threshold expected, not NaN"),
    ([*FIRST, "split_conditions", 1], math.inf, "tree 0, node 1: split_conditions: a finite leaf value expected"),
    ([*FIRST, "split_conditions"], [1, 2], "tree 0: split_conditions: 3 entries expected (num_nodes), found 2"),
    ([*FIRST, "tree_param", "num_nodes"], "4", "tree 0: left_children: 4 entries expected (num_nodes), found 3"),
    ([*FIRST, "default_left"], "yes", "tree 0: default_left: an array expected, found a string"),
    ([*FIRST, "split_type", 0], 1, "tree 0, node 0: categories_nodes: a category split without categories"),
    ([*BOOSTER, "model", "tree_info", 1], 1, "tree_info[1]: an integer below 1 expected"),
    ([*BOOSTER, "model", "gbtree_model_param", "num_trees"], "3", "tree_info: 3 entries expected (num_trees), found 2"),
    ([*BOOSTER, "model", "iteration_indptr"], [0, 2, 1], "iteration_indptr[2]"),
    ([*LEARNER, "feature_names"], ["a"], "feature_names: 2 names expected (num_feature), found 1"),
    ([*LEARNER, "attributes", "best_iteration"], "soon", "best_iteration: an integer from 0"),
    ([*PARAM, "base_score"], "[1,2]", "base_score: a number or a list of numbers expected"),
    ([*PARAM, "base_score"], "[nan]", "base_score: a number or a list of numbers expected"),
    ([*PARAM, "num_feature"], "many", "num_feature: an integer from 0 to 65536 expected"),
    (LEARNER, [], "this is not an XGBoost model"),
]


@pytest.mark.parametrize("path, value, message", REFUSALS, ids=lambda v: v if isinstance(v, str) else "")
def test_broken_models_are_refused_by_name(tmp_path, path, value, message):
    broken = copy.deepcopy(small())
    holder, key = at(broken, path)
    holder[key] = value
    file = tmp_path / "broken.json"
    file.write_text(json.dumps(broken))
    answer = agent("check", file, code=1).stdout
    assert message in answer and answer.startswith("refused: ") and answer.count("\n") == 1


def test_truncated_and_foreign_files(tmp_path):
    text = json.dumps(small()).encode()
    files = {"cut": text[:500], "empty": b"", "png": b"\x89PNG\r\n", "ubj": b"{L\0\0", "list": b"[1]"}
    for name, content in files.items():
        file = tmp_path / name
        file.write_bytes(content)
        assert agent("check", file, code=1).stdout.startswith("refused: ")
    assert agent("check", tmp_path / "absent", code=1).stdout.startswith("refused: ")


def test_usage():
    maybe = ["predict", "--model", "x", "--input", "y", "--header", "maybe"]
    for args in ([], ["predict"], ["info"], ["wrong"], maybe):
        assert agent(*args, code=2).stderr
    assert "usage: radarx-agent model check" in agent("--help").stdout
