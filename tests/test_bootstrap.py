from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

BOOTSTRAP = Path(__file__).parents[1] / "tools" / "bootstrap.py"


def _runs_when(situation: str) -> tuple[int, str]:
    """Run it in a Python that `situation`, a statement, has spoiled first."""
    program = (
        f"import runpy, sys; {situation}; runpy.run_path({str(BOOTSTRAP)!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def test_a_python_too_old_is_one_sentence():
    code, output = _runs_when("sys.version_info = (3, 8, 18)")

    assert (code, output.count("\n")) == (1, 1)
    assert output.startswith("Good Turn needs Python 3.11 or newer")


def test_a_missing_venv_module_is_one_sentence():
    code, output = _runs_when("sys.modules['ensurepip'] = None")

    assert (code, output.count("\n")) == (1, 1)
    assert output.startswith("Python's venv module is missing")


def test_an_old_python_can_read_it():
    ast.parse(BOOTSTRAP.read_text(), feature_version=(3, 4))
