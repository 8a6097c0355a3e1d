"""Build .venv from the hash-locked requirements, once; say in one sentence what stands in the way.

Usage: python3 tools/bootstrap.py [dev]

Only the standard library, and a syntax that every Python since 2.7 can read, so that an old one
is told what it lacks instead of a SyntaxError. Nothing happens when the locks have not changed.
"""

from __future__ import print_function

import hashlib
import os
import subprocess
import sys

OLDEST_PYTHON = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "installed-locks")
LOCKS = {"run": "requirements.lock", "dev": "requirements-dev.lock"}


def main(arguments):
    """Make .venv hold what the lock says."""
    refuse_unfit_python()
    kind = "dev" if "dev" in arguments else "run"
    wanted = fingerprint(kind)
    if wanted in installed():
        return
    print("Getting the libraries ready in .venv (once; some minutes on a slow line) ...")
    sys.stdout.flush()
    make_venv()
    run(
        [PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        + ["--require-hashes", "-r", os.path.join(ROOT, LOCKS[kind])],
        "The libraries could not be installed: the lines above say which and why.",
    )
    run(
        [PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        + ["--no-deps", "--no-build-isolation", "-e", ROOT],
        "Good Turn itself could not be installed into .venv: the lines above say why.",
    )
    done = [wanted] + ([fingerprint("run")] if kind == "dev" else [])
    with open(STAMP, "w") as stamp:
        stamp.write("\n".join(done) + "\n")


def refuse_unfit_python():
    """Stop when this Python is too old or cannot make virtual environments."""
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(str(part) for part in sys.version_info[:2])
        oldest = ".".join(str(part) for part in OLDEST_PYTHON)
        stop(
            "Good Turn needs Python %s or newer, and %s is %s: run `make PYTHON=python%s run`."
            % (oldest, sys.executable or "this one", found, oldest)
        )
    try:
        import ensurepip  # noqa: F401, PLC0415 -- Debian leaves it out of its python3
        import venv  # noqa: F401, PLC0415
    except ImportError:
        stop("Python's venv module is missing: install it (Debian: apt install python3-venv).")


def make_venv():
    """Make the virtual environment, anew when its Python has gone or is another one."""
    version = "%d.%d" % sys.version_info[:2]
    library = os.path.join(VENV, "lib", "python" + version, "site-packages")
    fresh = [] if os.path.exists(PYTHON) and os.path.isdir(library) else ["--clear"]
    if os.path.exists(STAMP):
        os.remove(STAMP)
    run([sys.executable, "-m", "venv"] + fresh + [VENV], "The folder .venv could not be made.")


def fingerprint(kind):
    """What the environment is built from, as one line: this Python, the lock, the metadata."""
    digest = hashlib.sha256(repr((sys.version_info[:2], ROOT)).encode())
    for name in (LOCKS[kind], "setup.cfg", "setup.py"):
        with open(os.path.join(ROOT, name), "rb") as lock:
            digest.update(lock.read())
    return kind + " " + digest.hexdigest()


def installed():
    """The fingerprints that .venv was built from; none when it is gone or unfinished."""
    if not (os.path.exists(STAMP) and os.path.exists(PYTHON)):
        return []
    with open(STAMP) as stamp:
        return stamp.read().splitlines()


def run(command, sentence):
    """Run a command; on failure stop with the sentence."""
    try:
        code = subprocess.call(command)
    except KeyboardInterrupt:
        code = 1
        sentence = "Stopped before .venv was ready."
    if code != 0:
        stop(sentence)


def stop(sentence):
    """End with one plain sentence."""
    sys.stderr.write(sentence + "\n")
    sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
