"""Names the packages of the wheel; everything else about it stands in setup.cfg.

The folders templates, static and migrations lie beside the package in a checkout and travel
inside it in a wheel: `timebank._templates` and so on.
"""

from __future__ import annotations

from setuptools import find_packages
from setuptools import setup

FOLDERS = ("templates", "static", "migrations")

setup(
    packages=[
        *find_packages(include=["timebank", "timebank.*"]),
        *(f"timebank._{f}" for f in FOLDERS),
    ],
    py_modules=["wsgi"],
    package_dir={f"timebank._{folder}": folder for folder in FOLDERS},
)
