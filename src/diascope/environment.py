"""What a result ran on: versions and the commit."""

import importlib.metadata
import platform
import subprocess
from pathlib import Path

PACKAGES = ("diascope", "torch", "transformers", "llguidance", "numpy", "pillow", "scipy")


def versions() -> dict[str, str]:
    """Installed version of Python and of every package that can change a number."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str | None:
    """The commit of the source tree, "+" behind it when files differ; None outside of one."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    head = _git(root, "rev-parse", "HEAD")
    return f"{head}+" if head and _git(root, "status", "--porcelain", "-uno") else head


def _git(root: Path, *words: str) -> str | None:
    command = ["git", "-C", str(root), *words]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return result.stdout.strip() or None if result.returncode == 0 else None
