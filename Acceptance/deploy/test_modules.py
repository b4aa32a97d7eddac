"""The modules of Lmod and of Environment Modules keep the hook in front of PYTHONPATH."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deploy.installed import EXAMPLE, HOOK, need, run

LMOD = Path("/usr/share/lmod/lmod/init/bash")
MODULES = Path("/usr/share/modules/init/bash")


STEPS = """
show() { echo "$1 [${PYTHONPATH-unset}]"; }
module load customs-hook; show load
module load customs-hook; show again
module load other; module purge; show purge
module --force purge; show force
export PYTHONPATH=/a:HOOK:/b; module load customs-hook; show present
module load other; show other
"""
AFTER = """\
load [HOOK]
again [HOOK]
purge [HOOK]
force [unset]
present [HOOK:/a:/b]
other [HOOK:/other:/a:/b]
"""


def module_session(init: Path, modules: Path, extra: dict[str, str] | None = None) -> str:
    script = f"source {init}\n" + STEPS.replace("HOOK", EXAMPLE)
    home = modules.parent / "home"
    home.mkdir()
    environment = {"MODULEPATH": str(modules), "HOME": str(home), "USER": "user", **(extra or {})}
    done = run([need("bash", "bash"), "--noprofile", "--norc", "-c", script], environment)
    # an emptied variable is as good as none
    return done.stdout.replace(EXAMPLE, "HOOK").replace("force []", "force [unset]")


@pytest.mark.parametrize("duplicates", ["no", "yes"])
def test_module_of_lmod_keeps_the_hook_first(tmp_path: Path, duplicates: str) -> None:
    if not LMOD.exists():
        pytest.skip("no Lmod: install lmod (not beside environment-modules)")
    modules = tmp_path / "modulefiles"
    shutil.copytree(HOOK / "modulefiles" / "lmod", modules)
    (modules / "other.lua").write_text('prepend_path("PYTHONPATH", "/other")\n')
    extra = {"LMOD_DUPLICATE_PATHS": duplicates, "LMOD_PAGER": "none"}
    assert module_session(LMOD, modules, extra) == AFTER


def test_module_of_environment_modules_keeps_the_hook_first(tmp_path: Path) -> None:
    if not MODULES.exists():
        pytest.skip("no Environment Modules: install environment-modules (not beside lmod)")
    modules = tmp_path / "modulefiles"
    shutil.copytree(HOOK / "modulefiles" / "environment-modules", modules)
    (modules / "other").write_text("#%Module\nprepend-path PYTHONPATH /other\n")
    # it knows no priorities
    after = AFTER.replace("other [HOOK:/other:", "other [/other:HOOK:")
    assert module_session(MODULES, modules) == after
