"""Build the fixtures: the DLLs in ``fixtures/`` from the sources in ``native/modules/``.

A fixture is one source file ``native/modules/NAME.cpp``, built once for each of its ABIs:

==========  ==================  =========================================================================
ABI         file                made with
==========  ==================  =========================================================================
``mingw``   ``NAME.dll``        g++ for mingw-w64: Itanium C++ ABI, msvcrt.dll
``msvc``    ``NAME.msvc.dll``   clang and lld-link: Microsoft C++ ABI, vcruntime140.dll, no SDK needed
``nortti``  ``NAME.nortti.dll`` as ``msvc``, without run-time type information
``x86``     ``NAME.x86.dll``    g++ for mingw-w64, 32 bits; cannot run in an x64 worker
``arm64``   ``NAME.arm64.dll``  clang and lld-link for ARM64; cannot run in an x64 worker
==========  ==================  =========================================================================

``native/modules/recipes.toml`` holds what differs from the usual. The same compilers give the same bytes on every
machine and in every directory; ``fixtures/MANIFEST.toml`` says which compilers, flags and bytes the committed ones are.

    python native/build.py                  build all and write the manifest
    python native/build.py hello echo       build some, keep the rest
    python native/build.py --check          build into a temporary directory and compare with what is committed
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from builder.manifest import NAME, Entry, Manifest
from builder.recipes import RECIPES, Recipe
from builder.surface import surface
from builder.toolchains import TOOLCHAINS, ToolError

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"


def build(recipes: Iterable[Recipe], out: Path, jobs: int) -> Manifest:
    """Build every fixture of ``recipes`` into ``out``.

    Raises:
        ToolError: a compiler is missing or refuses a source.
    """
    wanted = [(recipe, abi) for recipe in recipes for abi in recipe.abis]
    with tempfile.TemporaryDirectory(prefix="fixtures-") as scratch, ThreadPoolExecutor(jobs) as pool:
        chains = {abi: TOOLCHAINS[abi](ROOT, Path(scratch) / abi) for abi in dict.fromkeys(abi for _, abi in wanted)}

        def one(pair: tuple[Recipe, str]) -> Entry:
            recipe, abi = pair
            dll = out / recipe.file_name(abi)
            chains[abi].build(recipe, dll)
            dll.chmod(0o644)
            return Entry.of(dll, recipe, abi)

        entries = {entry.file: entry for entry in pool.map(one, wanted)}
    return Manifest({abi: chain.description for abi, chain in chains.items()}, entries)


def differences(built: Manifest, files: Path, committed: Path) -> list[str]:
    """Return one sentence for each way in which ``committed`` is not what the sources gave in ``files``.

    With the compiler that the manifest records the bytes must be the same; with another, the surface.
    """
    recorded = Manifest.read(committed)
    found = [
        f"{abi}: {key} is {value!r} here, {recorded.toolchains.get(abi, {}).get(key)!r} made the committed files"
        for abi, chain in built.toolchains.items()
        for key, value in chain.items()
        if key != "compiler" and recorded.toolchains.get(abi, {}).get(key) != value
    ]
    for name, entry in built.entries.items():
        same_compiler = entry.abi not in other_compilers(built, recorded)
        if not (committed / name).is_file() or name not in recorded.entries:
            found.append(f"{name}: not committed")
        elif same_compiler and (committed / name).read_bytes() != (files / name).read_bytes():
            found.append(f"{name}: the committed bytes are not what {entry.source} gives")
        elif not same_compiler and surface(committed / name) != surface(files / name):
            found.append(f"{name}: its processor or exports are not what {entry.source} gives")
        elif recorded.entries[name] != (entry if same_compiler else entry.with_bytes_of(recorded.entries[name])):
            found.append(f"{name}: its entry in {NAME} is stale")
    present = {file.name for file in committed.glob("*.dll")} | recorded.entries.keys()
    return found + [f"{name}: no source builds it" for name in sorted(present - built.entries.keys())]


def other_compilers(built: Manifest, recorded: Manifest) -> dict[str, str]:
    """Return the ABIs for which this machine has another compiler than the one that made the committed files."""
    return {
        abi: chain["compiler"]
        for abi, chain in built.toolchains.items()
        if abi in recorded.toolchains and recorded.toolchains[abi]["compiler"] != chain["compiler"]
    }


def check(jobs: int) -> int:
    """Compare the committed fixtures with fresh ones; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="fixtures-") as fresh:
        built = build(RECIPES.values(), Path(fresh), jobs)
        found = differences(built, Path(fresh), FIXTURES)
    if found:
        print(*found, "Run `make fixtures` and commit fixtures/.", sep="\n", file=sys.stderr)
        return 1
    for abi, compiler in other_compilers(built, Manifest.read(FIXTURES)).items():
        print(f"{abi}: built by {compiler}, not the compiler of {NAME}: exports compared, not bytes.")
    print(f"{len(built.entries)} fixtures are what their sources give.")
    return 0


def update(names: list[str], jobs: int) -> int:
    """Build the named modules, or all, into ``fixtures/``; return the exit code.

    Raises:
        ToolError: there is no such module, or a compiler fails.
    """
    if unknown := sorted(set(names) - RECIPES.keys()):
        raise ToolError(f"no such module: {', '.join(unknown)}")
    built = build([RECIPES[name] for name in names] or RECIPES.values(), FIXTURES, jobs)
    if names:
        built = Manifest.read(FIXTURES).updated(built)
    for stale in {file.name for file in FIXTURES.glob("*.dll")} - built.entries.keys():
        (FIXTURES / stale).unlink()
    built.write(FIXTURES)
    print(f"{len(built.entries)} fixtures, {sum(entry.size for entry in built.entries.values()) // 1024} KiB")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the fixtures from native/modules.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="modules to build (default: all)")
    parser.add_argument("--check", action="store_true", help="compare with the committed files instead of writing them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="compilers at a time")
    options = parser.parse_args()
    try:
        return check(options.jobs) if options.check else update(options.names, options.jobs)
    except ToolError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
