"""Which code made a result."""

from pathlib import Path


def checkout_commit() -> str | None:
    """Commit of the checkout that this package runs from, or None outside of one."""
    for folder in Path(__file__).resolve().parents:
        git = folder / ".git"
        if git.is_file():  # a linked work tree names its folder
            git = folder / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        if (git / "HEAD").is_file():
            return _resolve(git, (git / "HEAD").read_text(encoding="utf-8").strip())
    return None


def _resolve(git: Path, head: str) -> str | None:
    if not head.startswith("ref:"):
        return head
    name = head.removeprefix("ref:").strip()
    common = git / "commondir"
    folders = [git, git / common.read_text(encoding="utf-8").strip()] if common.is_file() else [git]
    for folder in folders:
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8").strip()
        packed = folder / "packed-refs"
        lines = packed.read_text(encoding="utf-8").splitlines() if packed.is_file() else []
        for line in lines:
            if line.endswith(f" {name}"):
                return line.split()[0]
    return None
