"""Build: the package, with configs and tools copied to ``fcn_plugin/.mim`` as MIM expects them."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent


class BuildWithMim(build_py):
    """Put ``configs``, ``tools`` and the index of the nets beside the code in the wheel."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:  # the checkout's own folders serve
            return
        for folder in ("configs", "tools"):
            target = Path(self.build_lib) / "fcn_plugin" / ".mim" / folder
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(HERE / folder, target, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(HERE / "model-index.yml", target.parent)


setup(cmdclass={"build_py": BuildWithMim})
