"""Mutants of the rules: whatever small thing is changed in a rule, a test must notice (docs/mutants.md).

mutmut makes the mutants, all of a module's in one source in which one is switched on at a time. Here the tests are
collected once and run once as the code stands, to see which rules each of them touches; then there is a process of its
own for each mutant, which runs the tests of the changed rule, those that touch least first, until one fails.
"""

import argparse
import ast
import difflib
import functools
import gc
import inspect
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from mutmut.configuration import config
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state
from mutmut.utils.file_utils import walk_mutatable_files
from mutmut.utils.format_utils import get_mutant_name, mangled_name_from_mutant_name

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "mutants"
# What a mutant's tests may take together, as measured on the code as it stands, and when its process is given up.
MOST_SECONDS, GIVEN_UP_AFTER = 2.0, 40
ENOUGH = 0.9


def make_mutants(wanted: list[str]) -> dict[str, str]:
    """A copy of the sources with every mutant in it, and for each mutant's name its module's path."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    shutil.copytree(ROOT / "src", FOLDER / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("migrations", "imports"):
        (FOLDER / name).symlink_to(ROOT / name)
    mutants = {}
    for path in sorted(walk_mutatable_files()):
        made = mutate_file_contents(str(path), without_decorators(path.read_text(encoding="utf-8")))
        names = [get_mutant_name(path, name) for name in made.mutant_names]
        chosen = {name: str(path) for name in names if any(part in f"{path} {name} " for part in wanted or [""])}
        if chosen:
            (FOLDER / path).write_text(made.code, encoding="utf-8")
            mutants |= chosen
    return mutants


def without_decorators(source: str) -> str:
    """The same, with decorators applied below their functions: mutmut passes by what is decorated."""
    lines = source.splitlines()
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    for function in sorted(functions, key=lambda node: -node.lineno):
        decorators = [ast.unparse(decorator) for decorator in function.decorator_list]
        if decorators and not {"staticmethod", "classmethod"} & set(decorators):
            applied = functools.reduce(
                lambda inner, decorator: f"{decorator}({inner})", reversed(decorators), function.name
            )
            lines.insert(function.end_lineno or 0, f"{' ' * function.col_offset}{function.name} = {applied}")
            del lines[function.decorator_list[0].lineno - 1 : function.lineno - 1]
    return "\n".join(lines) + "\n"


class Hunt:
    """Takes the place of the loop over the tests."""

    def __init__(self, mutants: dict[str, str], jobs: int) -> None:
        self.mutants, self.jobs = mutants, jobs
        self.outcomes: dict[str, str] = {}
        self._failed = False
        self._breadth: dict[pytest.Item, int] = {}
        self._seconds: dict[pytest.Item, float] = {}

    def pytest_configure(self) -> None:
        """The same examples for every mutant, however busy the machine, and no time for finding a smaller one."""
        from hypothesis import HealthCheck, Phase, settings

        settings.register_profile(
            "mutants",
            phases=(Phase.explicit, Phase.generate),
            database=None,
            derandomize=True,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        )
        settings.load_profile("mutants")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._failed |= report.failed

    def _run(self, session: pytest.Session, items: list[pytest.Item]) -> Iterator[pytest.Item]:
        """Each test once it has run, with the fixtures of the whole session kept for the next."""
        session._setupstate.teardown_exact(items[0])
        for item, following in zip(items, [*items[1:], items[0]], strict=True):
            forget()
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            yield item

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Failed("the tests cannot be collected")
        touching = self._learn(session)
        gc.freeze()
        self._require_passing(session, "the tests fail in another order without any mutant")
        print(f"\n{len(session.items)} tests, {len(self.mutants)} mutants", flush=True)
        running: dict[int, str] = {}
        for name in self.mutants:
            tests = self._chosen(touching[mangled_name_from_mutant_name(name)])
            if not tests:
                self._note(name, "without a test")
                continue
            while len(running) >= self.jobs:
                self._wait(running)
            if child := os.fork():
                running[child] = name
            else:
                self._try(session, name, tests)
        while running:
            self._wait(running)
        # What the tests need may have gone away meanwhile: then every mutant was “noticed”.
        self._require_passing(session, "the tests fail in the end without any mutant")
        return True

    def _require_passing(self, session: pytest.Session, otherwise: str) -> None:
        """The tests pass without any mutant, in another order than when they were learnt."""
        if not (child := os.fork()):
            self._try(session, "", sorted(session.items, key=self._turn), 600)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            self.outcomes.clear()
            raise session.Failed(otherwise)

    def _learn(self, session: pytest.Session) -> dict[str, list[pytest.Item]]:
        """The tests that touch each function, as the code stands; they all pass."""
        touching: dict[str, list[pytest.Item]] = defaultdict(list)
        set_mutant_under_test("stats")
        before = time.process_time()
        for item in self._run(session, session.items):
            if self._failed:
                raise session.Failed(f"{item.nodeid} fails without any mutant")
            self._breadth[item], self._seconds[item] = len(state()._stats), time.process_time() - before
            for function in state()._stats:
                touching[function].append(item)
            state()._stats.clear()
            before = time.process_time()
        return touching

    def _turn(self, item: pytest.Item) -> tuple[int, float]:
        return self._breadth[item], self._seconds[item]

    def _chosen(self, touching: list[pytest.Item]) -> list[pytest.Item]:
        """As many as there is time for, those that touch least first."""
        chosen, left = [], MOST_SECONDS
        for item in sorted(touching, key=self._turn):
            left -= self._seconds[item]
            if left > 0:
                chosen.append(item)
        return chosen

    def _try(self, session: pytest.Session, name: str, tests: list[pytest.Item], seconds: int = GIVEN_UP_AFTER) -> None:
        """In a process of its own: ends it with 1 when a test has noticed the mutant."""
        code = 2
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(seconds)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            set_mutant_under_test(name)
            code = int(any(self._failed for _ in self._run(session, tests)))
        finally:
            os._exit(code)

    def _wait(self, running: dict[int, str]) -> None:
        pid, status = os.wait()
        if pid in running:
            code = os.waitstatus_to_exitcode(status)
            outcome = {0: "survived", 1: "killed", -signal.SIGALRM: "never ended"}.get(code, "crashed")
            self._note(running.pop(pid), outcome)

    def _note(self, name: str, outcome: str) -> None:
        self.outcomes[name] = outcome
        if outcome != "killed":
            print(f"{outcome}: {name}\n{changes(self.mutants[name])[name]}", flush=True)


def forget() -> None:
    """Nothing a rule has worked out in an earlier test is remembered: it would hide the rule that made it.

    Tables, which depend on nothing, are kept: reading them anew each time would take the time the tests are given.
    """
    for name, module in [*sys.modules.items()]:
        if name.partition(".")[0] == "klimatvaxling":
            for value in vars(module).values():
                if isinstance(value, functools._lru_cache_wrapper) and inspect.signature(value).parameters:
                    value.cache_clear()


@functools.cache
def changes(path: str) -> dict[str, str]:
    """What each mutant of a module changes, as a diff without context."""
    source = (FOLDER / path).read_text(encoding="utf-8")
    functions = {
        node.name: ast.unparse(node).splitlines()[1:]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and "__mutmut_" in node.name
    }
    found = {}
    for name, lines in functions.items():
        original = functions.get(name.rpartition("__mutmut_")[0] + "__mutmut_orig", [])
        diff = [line for line in difflib.ndiff(original, lines) if line[0] in "+-"]
        found[get_mutant_name(Path(path), name)] = "\n".join(f"    {line}" for line in diff)
    return found


def main() -> int:
    """Print killed and survived by module, and every survivor. Fails under 90 %."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wanted", nargs="*", help="parts of paths or mutants, for example lots/ exact.py")
    parser.add_argument("--tests", nargs="*", help="test files to use instead of all of them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    os.chdir(ROOT)
    mutants = make_mutants(options.wanted)
    sys.path.insert(0, str(FOLDER / "src"))
    hunt = Hunt(mutants, options.jobs)
    selection = config().pytest_add_cli_args_test_selection
    files = options.tests or [each for each in selection if each.endswith(".py")]
    chosen = [*(each for each in selection if not each.endswith(".py")), *files]
    # A folder of its own: pytest's usual one is cleared, with that policy, when any other run of pytest ends.
    with tempfile.TemporaryDirectory() as folder:
        own = ("-p", "no:cacheprovider", "-o", "tmp_path_retention_policy=none", "--basetemp", f"{folder}/tests")
        result = pytest.main(["-q", "-s", "--tb=no", *own, *chosen], [hunt])
    if result or len(hunt.outcomes) != len(mutants):
        print("The tests fail without any mutant.")
        return 2
    by_module: dict[str, Counter[str]] = defaultdict(Counter)
    for name, path in mutants.items():
        by_module[path][hunt.outcomes[name]] += 1
    total = sum(by_module.values(), Counter())
    for path, counted in [*by_module.items(), ("all", total)]:
        killed = counted["killed"] + counted["never ended"]
        print(f"{killed:5} of {counted.total():5}  {killed / counted.total():6.1%}  {path}  {dict(counted)}")
    return int(killed < ENOUGH * total.total())


if __name__ == "__main__":
    sys.exit(main())
