"""The conformance runner: files in, a table and a total out, and the exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import checkout
from trimtab.apps.conformance import __main__ as conformance
from trimtab.apps.conformance.files import read_cases, whole
from trimtab.apps.conformance.report import Outcome, judge
from trimtab.units import DataError

SHARED = checkout.ROOT.parent / "shared" / "vectors"
EXACT = {"type": "exact"}


def lending(*vectors):
    return {"schema": "lending-vectors/2", "vectors": list(vectors)}


def vector(rule="aave_v3.percentmulceil", expected="1", tolerance=EXACT, **inputs):
    return {
        "id": "any",
        "rule": rule,
        "inputs": inputs or {"value": "1", "percentage": "1"},
        "expected": expected,
        "tolerance": tolerance,
    }


GROUPS = {
    "schema": "derivatives-vectors/2",
    "vectors": [
        {
            "rule": "venue_margin",
            "tolerance": EXACT,
            "cases": [
                {"case": "one", "inputs": {"size": 1.5}, "expected": 3},
                {"case": "two", "inputs": {"size": 2}, "expected": 4},
            ],
        }
    ],
}


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Run contents as files; return exit code, lines of output, lines of messages."""

    def run_files(*contents):
        paths = []
        for place, content in enumerate(contents):
            path = tmp_path / f"{place}.json"
            path.write_text(content if isinstance(content, str) else json.dumps(content))
            paths.append(str(path))
        code = conformance.main(paths)
        out, err = capsys.readouterr()
        return code, out.splitlines(), err.splitlines()

    return run_files


def test_a_pass_is_a_row_and_a_total(run):
    code, out, err = run(lending(vector(), vector()))
    assert code == 0
    assert out[0].split() == ["rule", "passed", "failed", "unmapped"]
    assert out[1].split() == ["aave_v3.percentmulceil", "2", "0", "0"]
    assert out[-1] == "2 passed, 0 failed, 0 unmapped"
    assert err == []


def test_a_failure_says_which_case_and_how_and_exits_1(run):
    code, out, err = run(lending(vector(expected="2"), vector()))
    assert code == 1
    assert out[-1] == "1 passed, 1 failed, 0 unmapped"
    assert err == ["failed: aave_v3.percentmulceil (any): expected 2, found 1"]


def test_an_unmapped_rule_exits_1(run):
    code, out, _ = run(lending(vector(), vector(rule="nobody.knows")))
    assert code == 1
    assert out[-1] == "1 passed, 0 failed, 1 unmapped"


def test_a_case_that_cannot_be_computed_fails_alone(run):
    code, out, err = run(lending(vector(value="1"), vector(value="x", percentage="1"), vector()))
    assert code == 1
    assert out[-1] == "1 passed, 2 failed, 0 unmapped"
    assert all("DataError" in line for line in err)


def test_several_files_and_both_schemas_are_one_run(run):
    code, out, _ = run(lending(vector()), GROUPS)
    assert code == 1
    assert out[2].split() == ["venue_margin", "0", "0", "2"]
    assert out[-1] == "1 passed, 0 failed, 2 unmapped"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "not json",
        "[1, 2]",
        "{}",
        '{"schema": "lending-vectors/9", "vectors": []}',
        '{"schema": ["lending-vectors/2"], "vectors": []}',
        '{"schema": "lending-vectors/2"}',
        '{"schema": "lending-vectors/2", "vectors": [5]}',
        '{"schema": "lending-vectors/2", "vectors": [{"rule": "a", "expected": NaN}]}',
        "[" * 100_000,
        json.dumps(lending({**vector(), "inputs": None})),
        json.dumps(lending({**vector(), "rule": ""})),
        json.dumps(lending({**vector(), "tolerance": {}})),
        json.dumps(lending({k: v for k, v in vector().items() if k != "expected"})),
        json.dumps({**GROUPS, "vectors": [{"rule": "a", "tolerance": EXACT}]}),
    ],
)
def test_a_bad_file_is_one_line_and_exit_3(run, content):
    code, out, err = run(content)
    assert code == 3
    assert out == []
    assert len(err) == 1
    assert err[0].startswith("error: ")
    assert "0.json" in err[0]


def test_no_such_file(capsys):
    assert conformance.main(["no/such/file.json"]) == 3
    assert "no/such/file.json" in capsys.readouterr().err


def test_a_folder_is_no_file(tmp_path, capsys):
    assert conformance.main([str(tmp_path)]) == 3
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_text_that_is_not_utf8(tmp_path, capsys):
    path = tmp_path / "latin.json"
    path.write_bytes(b'{"schema": "\xff"}')
    assert conformance.main([str(path)]) == 3
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_no_file_at_all_is_a_usage_error():
    with pytest.raises(SystemExit) as exit_:
        conformance.main([])
    assert exit_.value.code == 2


def test_names_of_cases_decide_nothing(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(lending({**vector(), "id": 7}, {**vector(), "id": None})))
    rules = conformance.all_rules()
    verdicts = [judge(case, rules) for case in read_cases(path)]
    assert {verdict.outcome for verdict in verdicts} == {Outcome.PASSED}


def test_no_rule_is_answered_twice():
    rules = conformance.all_rules()
    assert len(rules) == sum(len(module.RULES) for module in conformance.MODULES)
    assert all(callable(rule) for rule in rules.values())


def test_every_module_of_rules_is_run():
    runner = {"__init__", "__main__", "files", "report", "tolerance"}
    folder = Path(conformance.__file__).parent
    written = {path.stem for path in folder.glob("*.py")} - runner
    modules = (*conformance.MODULES, *conformance.ENGINE)
    named = {module.__name__.rpartition(".")[2] for module in modules}
    assert named <= written
    for name in written - named:
        assert "RULES" not in (folder / f"{name}.py").read_text(encoding="utf-8"), name


@pytest.mark.parametrize("value", [None, "x", "1.5", True, [], 1.5])
def test_an_input_that_is_no_integer(value):
    with pytest.raises(DataError) as caught:
        whole({"size": value}, "size")
    assert "size" in str(caught.value)


def test_integers_of_any_size_and_sign_are_inputs():
    assert whole({"a": str(2**256)}, "a") == 2**256
    assert whole({"a": "-5"}, "a") == whole({"a": -5}, "a") == -5


@pytest.mark.skipif(not SHARED.is_dir(), reason="no vectors beside the checkout")
def test_every_recorded_lending_case_passes(capsys):
    assert conformance.main([str(SHARED / "lending.json")]) == 0
    assert "0 failed, 0 unmapped" in capsys.readouterr().out


@pytest.mark.skipif(not SHARED.is_dir(), reason="no vectors beside the checkout")
def test_the_process_exits_with_the_code():
    call = [sys.executable, "-m", "trimtab.apps.conformance", str(SHARED / "derivatives.json")]
    answer = subprocess.run(call, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode in (0, 1)
    assert " passed, 0 failed, " in answer.stdout.splitlines()[-1]
